/** A layer's arguments as `toString` prints them: positions, then the options that differ from their defaults. */
export function represent(
  positional: readonly unknown[],
  options: Readonly<Record<string, unknown>> = {},
  defaults: Readonly<Record<string, unknown>> = {},
): string {
  const named = Object.entries(options).filter(
    ([name, value]) => value !== undefined && format(value) !== format(defaults[name]),
  )
  return [...positional.map(format), ...named.map(([name, value]) => `${name}=${format(value)}`)].join(', ')
}

function format(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(format).join(', ')}]`
  return typeof value === 'string' ? `'${value}'` : String(value)
}
