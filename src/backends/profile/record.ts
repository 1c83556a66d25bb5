import { describeInstruction } from '../../compiler/describe-instruction.ts'
import { type InstructionCost, instructionCost } from '../../compiler/instruction-cost.ts'
import type { Instruction, Program } from '../../compiler/program.ts'

/** What the machine does at most, each second: float32 operations and bytes of memory traffic, in thousand millions. */
export interface Limits {
  readonly gflops: number
  readonly gigabytes: number
}

export interface InstructionProfile {
  readonly op: Instruction['op']
  readonly description: string
  readonly cost: InstructionCost
  /** Over all runs. */
  nanoseconds: number
  /** Of the fastest run: what is left where other processes disturb; infinite before the first. */
  fastest: number
}

/** What one run took: a start and a duration for each instruction, in nanoseconds of a clock that all programs share. */
export type RunTimes = Float64Array

/** The times of one program, summed over its runs. */
export class ProgramProfile {
  readonly name: string
  readonly instructions: readonly InstructionProfile[]
  /** Each run's own times, where they are kept. */
  readonly kept: RunTimes[] = []
  runs = 0
  /** From the call until its end, over all runs. */
  milliseconds = 0
  readonly #keep: (instructions: number) => boolean

  constructor(name: string, { slots, instructions }: Program, keep: (instructions: number) => boolean) {
    this.name = name
    this.instructions = instructions.map((instruction) => ({
      op: instruction.op,
      description: describeInstruction(instruction),
      cost: instructionCost(slots, instruction),
      nanoseconds: 0,
      fastest: Number.POSITIVE_INFINITY,
    }))
    this.#keep = keep
  }

  /** Milliseconds in instructions, over all runs. */
  get instructionMilliseconds(): number {
    return this.instructions.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0) / 1e6
  }

  /** Where a backend puts the times of a run. */
  times(): RunTimes {
    return new Float64Array(2 * this.instructions.length)
  }

  /** Counts a run that came to its end. */
  add(times: RunTimes, milliseconds: number): void {
    this.runs++
    this.milliseconds += milliseconds
    for (const [i, instruction] of this.instructions.entries()) {
      const duration = times[2 * i + 1]!
      instruction.nanoseconds += duration
      instruction.fastest = Math.min(instruction.fastest, duration)
    }
    if (this.#keep(this.instructions.length)) this.kept.push(times)
  }

  clear(): void {
    this.runs = 0
    this.milliseconds = 0
    this.kept.length = 0
    for (const instruction of this.instructions) {
      instruction.nanoseconds = 0
      instruction.fastest = Number.POSITIVE_INFINITY
    }
  }
}

/** A trace of more instructions than this is too large for the programs that show traces. */
const mostKept = 200_000

/** The times of all programs compiled since it began. A backend tells it of its programs and gives it their times. */
export class Profile {
  readonly programs: ProgramProfile[] = []
  /** Whether the times of each single run are kept, for a trace. */
  keepsRuns = false
  /** Measures the machine, in a moment; null where the backend cannot. */
  measureLimits: () => Limits | null = () => null
  #numbered = 0
  #kept = 0
  #left = 0

  /** How many instructions' times were not kept, as there were too many. */
  get leftOut(): number {
    return this.#left
  }

  /** `prologue`: what computes derived values, once for each version of the parameters. */
  add(program: Program, prologueOf: ProgramProfile | null = null): ProgramProfile {
    const name = prologueOf === null ? `program ${++this.#numbered}` : `${prologueOf.name}, prologue`
    const profile = new ProgramProfile(name, program, (instructions) => this.#keep(instructions))
    this.programs.push(profile)
    return profile
  }

  /** Forgets all runs, but not the programs: after warming up. */
  clear(): void {
    for (const program of this.programs) program.clear()
    this.#kept = 0
    this.#left = 0
  }

  #keep(instructions: number): boolean {
    if (!this.keepsRuns) return false
    const room = this.#kept + instructions <= mostKept
    if (room) this.#kept += instructions
    else this.#left += instructions
    return room
  }
}
