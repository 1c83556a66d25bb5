export const showValue: string
export function withValuesShown(code: string, block?: number): string
export function takeValues(output: string): {
  readonly printed: string
  readonly values: ReadonlyMap<string, readonly string[]>
}
export function wrongValues(
  code: string,
  values: ReadonlyMap<string, readonly string[]>,
  block?: number,
): readonly {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly found: string | undefined
}[]
