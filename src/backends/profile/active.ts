import { Profile, type ProgramProfile } from './record.ts'
import { formatLimits, formatRows, instructionRows } from './table.ts'
import { chromeTrace } from './trace.ts'

interface NodeProcess {
  readonly env?: Readonly<Record<string, string | undefined>>
  on?(event: 'exit', listener: () => void): unknown
  getBuiltinModule?(name: 'node:fs'): { writeFileSync(path: string, text: string): void } | undefined
}

const hostProcess = (globalThis as { process?: NodeProcess }).process

/** undefined until asked for the first time. */
let active: Profile | null | undefined

/** What times are recorded in; null while nothing is to be recorded. OCELLI_PROFILE begins it, or startProfile. */
export function activeProfile(): Profile | null {
  if (active === undefined) active = fromEnvironment(hostProcess?.env?.OCELLI_PROFILE)
  return active
}

/** Records the times of every program that is compiled from now on. */
export function startProfile(): Profile {
  active = activeProfile() ?? new Profile()
  return active
}

function fromEnvironment(setting: string | undefined): Profile | null {
  if (setting === undefined || setting === '' || setting === '0') return null
  const file = setting.endsWith('.json') ? setting : null
  if (file === null && setting !== '1') {
    throw new Error(
      `OCELLI_PROFILE is '${setting}'; it must be 1, for a table, or the name of a .json file, for a trace`,
    )
  }
  const profile = new Profile()
  profile.keepsRuns = file !== null
  hostProcess?.on?.('exit', () => {
    if (file === null) console.error(profileReport(profile))
    else writeTrace(profile, file)
  })
  return profile
}

function writeTrace(profile: Profile, file: string): void {
  try {
    hostProcess?.getBuiltinModule?.('node:fs')?.writeFileSync(file, chromeTrace(profile))
  } catch (error) {
    console.error(`ocelli profile: ${file} cannot be written: ${(error as Error).message}`)
    return
  }
  const rest = profile.leftOut > 0 ? `; ${profile.leftOut} later instructions are left out` : ''
  console.error(`ocelli profile: ${file} is a trace for chrome://tracing or ui.perfetto.dev${rest}`)
}

const mostPrograms = 3
const mostInstructions = 20

/** The programs that took longest, with their longest instructions. */
function profileReport(profile: Profile): string {
  const programs = profile.programs.filter(({ runs }) => runs > 0)
  if (programs.length === 0) return 'ocelli profile: no program has run'
  const limits = profile.measureLimits()
  programs.sort((a, b) => b.instructionMilliseconds - a.instructionMilliseconds)
  const total = programs.reduce((sum, program) => sum + program.instructionMilliseconds, 0)
  const count = programs.length === 1 ? '1 program' : `${programs.length} programs`
  return [
    `ocelli profile: ${count}, ${total.toFixed(1)} ms in instructions; ${formatLimits(limits)}`,
    ...programs
      .slice(0, mostPrograms)
      .flatMap((program) => [
        '',
        headline(program),
        formatRows(instructionRows(program.instructions, program.runs, limits), mostInstructions),
      ]),
  ].join('\n')
}

function headline({ name, runs, milliseconds, instructionMilliseconds }: ProgramProfile): string {
  const each = (total: number): string => `${(total / runs).toFixed(3)} ms`
  const count = runs === 1 ? '1 run' : `${runs} runs`
  return `${name}: ${count} of ${each(milliseconds)}, ${each(instructionMilliseconds)} of it in instructions`
}
