export const showValue: string
export function withValuesShown(code: string): string
export function checkedValues(
  code: string,
  output: string,
): {
  readonly printed: string
  readonly wrong: readonly {
    readonly text: string
    readonly start: number
    readonly end: number
    readonly found: string | undefined
  }[]
}
