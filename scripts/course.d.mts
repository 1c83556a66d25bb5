export function guides(): readonly string[]
export function programsOf(name: string): readonly { readonly line: number; readonly text: string }[]
export function sameOutput(written: string, printed: string, tolerance?: number): boolean
export function checkGuide(
  name: string,
): Promise<{ readonly differences: readonly string[]; readonly missing: readonly string[] }>
