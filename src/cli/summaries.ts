import { resolve } from 'node:path'
import { type GradientReport, type Position, type StepReport, SummaryWriter } from '../train/index.ts'
import { type FlagOption, type TextOption, UsageError } from './command.ts'

/** What a training run writes for TensorBoard, for all commands that train. */
export const summaryOptions: { readonly tensorboard: TextOption; readonly histograms: FlagOption } = {
  tensorboard: {
    kind: 'text',
    placeholder: 'folder',
    bare: '',
    description:
      'writes loss, accuracy and learning rate for TensorBoard, into the folder of the run unless given another',
  },
  histograms: {
    kind: 'flag',
    description: 'of --tensorboard: weights and gradients too, at the end of every epoch',
  },
}

export interface SummarySettings {
  readonly folder: string
  readonly histograms: boolean
}

interface SummaryFlags {
  readonly tensorboard: string | undefined
  readonly histograms: boolean
}

/** Where and what to write; null for nothing. Runs from before there was the option have no flag of it. */
export function summarySettings(
  { tensorboard, histograms }: Partial<SummaryFlags>,
  out: string,
): SummarySettings | null {
  if (tensorboard !== undefined) return { folder: tensorboard || out, histograms: histograms ?? false }
  if (histograms) throw new UsageError('--histograms are written for TensorBoard; it needs --tensorboard')
  return null
}

/** The flag as a run keeps it: another folder than that of the run in full. */
export function storedFolder(tensorboard: string | undefined): string | undefined {
  return tensorboard ? resolve(tensorboard) : tensorboard
}

/** Everything over the steps of the optimizer. */
export class Summaries {
  readonly #writer: SummaryWriter
  readonly onGradients: ((report: GradientReport) => Promise<void>) | undefined

  constructor({ folder, histograms }: SummarySettings, start: Position) {
    // A run that was killed has told of steps after its last save, which it now takes again.
    this.#writer = new SummaryWriter(folder, start.step > 0 ? { purgeStep: start.step + 1 } : {})
    this.onGradients = histograms ? (report) => this.#writer.addGradients(report) : undefined
  }

  step({ epoch, stepInEpoch, stepsPerEpoch, loss }: StepReport, rate: number): void {
    const step = epoch * stepsPerEpoch + stepInEpoch
    this.#writer.addScalar('loss/step', loss, step)
    this.#writer.addScalar('learning rate', rate, step)
  }

  async epoch(scalars: Readonly<Record<string, number>>, step: number): Promise<void> {
    for (const [tag, value] of Object.entries(scalars)) this.#writer.addScalar(tag, value, step)
    await this.#writer.flush()
  }

  close(): Promise<void> {
    return this.#writer.close()
  }
}
