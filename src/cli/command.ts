import { parseArgs } from 'node:util'

interface OptionBase {
  readonly description: string
  /** A letter, as in -k. */
  readonly short?: string
}

export interface FlagOption extends OptionBase {
  readonly kind: 'flag'
}

export interface TextOption extends OptionBase {
  readonly kind: 'text'
  readonly placeholder: string
  readonly default?: string
  /** What the option stands for without a value. */
  readonly bare?: string
}

/** May be given more than once. */
export interface ListOption extends OptionBase {
  readonly kind: 'list'
  readonly placeholder: string
}

export interface NumberOption extends OptionBase {
  readonly kind: 'number'
  readonly placeholder: string
  readonly default?: number
  readonly minimum?: number
  readonly integer?: boolean
}

export interface ChoiceOption extends OptionBase {
  readonly kind: 'choice'
  readonly choices: readonly string[]
  readonly default?: string
}

/** One option of a command; the value's kind decides how it is read. */
export type OptionSpec = FlagOption | TextOption | ListOption | NumberOption | ChoiceOption

export type OptionTable = Readonly<Record<string, OptionSpec>>

type ValueOf<S extends OptionSpec> = S extends { kind: 'flag' }
  ? boolean
  : S extends { kind: 'list' }
    ? readonly string[]
    : S extends { kind: 'number' }
      ? S extends { default: number }
        ? number
        : number | undefined
      : S extends { default: string }
        ? string
        : string | undefined

export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: ValueOf<T[K]> }

export interface Command<T extends OptionTable = OptionTable> {
  readonly name: string
  readonly summary: string
  /** What stands after the name, such as `<image>...`. */
  readonly usage: string
  readonly options: T
  /** Paragraphs under the options. */
  readonly details?: readonly string[]
  readonly examples: readonly string[]
  readonly run: (args: readonly string[], options: OptionValues<T>) => Promise<void>
}

/** Ties a command's `run` to its own table of options. */
export function defineCommand<const T extends OptionTable>(command: Command<T>): Command {
  return command as unknown as Command
}

/** Wrong use of the command line: shown without a stack, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A failure that the user can do something about: shown without a stack, exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** --out-dir on the command line is outDir in the code. */
export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

export async function runCommand(command: Command, args: readonly string[]): Promise<void> {
  const { positionals, values } = parse(command, args)
  await command.run(positionals, values)
}

function parse(
  command: Command,
  args: readonly string[],
): { positionals: string[]; values: Record<string, never> } {
  const specs = Object.entries(command.options)
  const options = Object.fromEntries(
    specs.map(([name, spec]) => [
      dashed(name),
      {
        type: spec.kind === 'flag' ? ('boolean' as const) : ('string' as const),
        multiple: spec.kind === 'list',
        ...(spec.short && { short: spec.short }),
      },
    ]),
  )
  let parsed: ReturnType<typeof parseArgs>
  try {
    parsed = parseArgs({ args: joined(command, args), options, allowPositionals: true, strict: true })
  } catch (error) {
    // Advice about values that begin with a dash misleads whoever mistyped an option.
    const [problem] = (error as Error).message.split('. To specify a positional')
    throw new UsageError(`${problem}\nocelli ${command.name} --help lists the options`)
  }
  const values = Object.fromEntries(
    specs.map(([name, spec]) => [name, readValue(name, spec, parsed.values[dashed(name)])]),
  )
  return { positionals: parsed.positionals, values: values as Record<string, never> }
}

function readValue(
  name: string,
  spec: OptionSpec,
  given: unknown,
): boolean | string | number | readonly string[] | undefined {
  if (spec.kind === 'flag') return given === true
  if (spec.kind === 'list') return (given as readonly string[] | undefined) ?? []
  if (given === undefined) return spec.default
  const text = given as string
  if (spec.kind === 'text') return text
  if (spec.kind === 'choice') {
    if (spec.choices.includes(text)) return text
    throw new UsageError(`--${dashed(name)} is one of ${spec.choices.join(', ')}; got '${text}'`)
  }
  const value = Number(text)
  const { minimum = Number.NEGATIVE_INFINITY, integer = false } = spec
  if (
    text.trim() === '' ||
    !Number.isFinite(value) ||
    value < minimum ||
    (integer && !Number.isInteger(value))
  ) {
    throw new UsageError(`--${dashed(name)} needs ${wanted(spec)}; got '${text}'`)
  }
  return value
}

/** What an option's value is. */
function wanted(spec: Exclude<OptionSpec, FlagOption>): string {
  if (spec.kind === 'choice') return `one of ${spec.choices.join(', ')}`
  if (spec.kind !== 'number') return `a value: <${spec.placeholder}>`
  const { minimum, integer = false } = spec
  return `${integer ? 'a whole number' : 'a number'}${minimum === undefined ? '' : `, ${minimum} or more`}`
}

/**
 * The arguments with negative numbers tied to the options before them, as in --mean=-0.5: apart, parseArgs takes them for
 * options. An option without its value is an error.
 */
function joined(command: Command, args: readonly string[]): string[] {
  const result: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--') return [...result, ...args.slice(i)]
    const found = Object.entries(command.options).find(
      ([name, { short }]) => arg === `--${dashed(name)}` || (short !== undefined && arg === `-${short}`),
    )
    const [name, spec] = found ?? []
    const next = args[i + 1]
    if (name === undefined || spec === undefined || spec.kind === 'flag') result.push(arg)
    else if (next !== undefined && /^-\.?\d/.test(next)) {
      result.push(`--${dashed(name)}=${next}`)
      i++
    } else if (next === undefined || (next.startsWith('-') && next !== '-')) {
      if (spec.kind === 'text' && spec.bare !== undefined) {
        result.push(`--${dashed(name)}=${spec.bare}`)
        continue
      }
      throw new UsageError(`--${dashed(name)} needs ${wanted(spec)}`)
    } else {
      result.push(arg, next)
      i++
    }
  }
  return result
}

/** The text of `ocelli COMMAND --help`. */
export function commandHelp(command: Command, width = 100): string {
  const { name, usage, summary, options, details = [], examples } = command
  const rows = Object.entries(options).map(optionRow)
  const column = Math.max(...rows.map(([left]) => left.length), 0) + 2
  const listed = rows.flatMap(([left, right]) =>
    wrapped(right, width - column).map((line, i) => `${(i === 0 ? left : '').padEnd(column)}${line}`),
  )
  return [
    `usage: ocelli ${name} ${rows.length > 0 ? '[options] ' : ''}${usage}`.trimEnd(),
    '',
    ...wrapped(summary, width),
    ...(listed.length > 0 ? ['', 'Options', ...listed] : []),
    ...details.flatMap((paragraph) => ['', ...wrapped(paragraph, width)]),
    ...(examples.length > 0 ? ['', 'Examples', ...examples.map((example) => `  ${example}`)] : []),
  ].join('\n')
}

function optionRow([name, spec]: [string, OptionSpec]): [left: string, right: string] {
  const short = spec.short ? `-${spec.short}, ` : '    '
  const value = shownValue(spec)
  const choices = spec.kind === 'choice' ? `: ${spec.choices.join(', ')}` : ''
  const fallback = 'default' in spec && spec.default !== undefined ? ` (default ${spec.default})` : ''
  return [`  ${short}--${dashed(name)}${value}`, `${spec.description}${choices}${fallback}`]
}

function shownValue(spec: OptionSpec): string {
  if (spec.kind === 'flag') return ''
  if (spec.kind === 'choice') return ' <choice>'
  return spec.kind === 'text' && spec.bare !== undefined ? ` [${spec.placeholder}]` : ` <${spec.placeholder}>`
}

/** The words in lines of at most `width` characters. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
