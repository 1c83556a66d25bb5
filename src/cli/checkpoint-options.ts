import type { FlagOption, NumberOption, TextOption } from './command.ts'

/** Where and when a training run saves, for all commands that train. */
export const checkpointOptions: {
  readonly out: TextOption
  readonly saveEvery: NumberOption
  readonly resume: TextOption
  readonly json: FlagOption
} = {
  out: {
    kind: 'text',
    placeholder: 'folder',
    short: 'o',
    description: 'where checkpoints go; runs/DATA-MODEL unless given',
  },
  saveEvery: {
    kind: 'number',
    placeholder: 'steps',
    minimum: 1,
    integer: true,
    description: 'saves every so many steps, and not only after each epoch',
  },
  resume: {
    kind: 'text',
    placeholder: 'folder',
    description: 'goes on with the run in this folder; only --epochs may be given besides',
  },
  json: { kind: 'flag', description: 'prints the result as JSON' },
}
