export function uniformOf(salt: string, name: string, count: number): Float64Array
export function signedOf(salt: string, name: string, shape: readonly number[]): Float32Array
export function weightsOf(salt: string, name: string, shape: readonly number[]): Float32Array
export function readGolden(path: string): { salt: string; cases: readonly unknown[] }
export function checkCase(
  ocelli: Readonly<Record<string, unknown>>,
  golden: unknown,
  salt: string,
): Promise<{ readonly worst: Readonly<Record<string, number>>; readonly failures: readonly string[] }>
