import type { ChoiceOption, ListOption, NumberOption, TextOption } from './command.ts'

export const classicActions = ['fit', 'predict', 'compare', 'list'] as const

export type ClassicAction = (typeof classicActions)[number]

export const classicDataOptions: {
  readonly target: TextOption
  readonly task: ChoiceOption
  readonly type: ListOption
  readonly delimiter: TextOption
  readonly header: ChoiceOption
  readonly features: TextOption
  readonly weights: TextOption
  readonly size: NumberOption
  readonly limit: NumberOption
} = {
  target: {
    kind: 'text',
    placeholder: 'column',
    short: 't',
    description: 'the column to predict, by name or by number from 1; the last one unless given',
  },
  task: {
    kind: 'choice',
    choices: ['classification', 'regression'],
    description: 'what is predicted; told by the target column unless given',
  },
  type: {
    kind: 'list',
    placeholder: 'column=kind',
    description: 'reads a column as numeric or nominal, whatever it looks like; may be repeated',
  },
  delimiter: {
    kind: 'text',
    placeholder: 'c',
    description: 'what stands between values; found out unless given',
  },
  header: {
    kind: 'choice',
    choices: ['yes', 'no'],
    description: 'whether the first line names the columns; found out unless given',
  },
  features: {
    kind: 'text',
    placeholder: 'name',
    description: "of images: 'pixels', or a network whose descriptors before the classifier are taken",
  },
  weights: {
    kind: 'text',
    placeholder: 'weights',
    short: 'w',
    description:
      "the weights of --features' network: a file, an address, or a tag; published ones unless given",
  },
  size: {
    kind: 'number',
    placeholder: 'pixels',
    minimum: 1,
    integer: true,
    description: 'side of the square that images are squeezed to for --features pixels; 32 for photographs',
  },
  limit: {
    kind: 'number',
    placeholder: 'n',
    minimum: 2,
    integer: true,
    description: 'takes the first n rows or images only',
  },
}

/** The options that say how data is read; a saved method keeps them. */
export interface ClassicDataFlags {
  readonly target: string | undefined
  readonly task: string | undefined
  readonly type: readonly string[]
  readonly delimiter: string | undefined
  readonly header: string | undefined
  readonly features: string | undefined
  readonly weights: string | undefined
  readonly size: number | undefined
  readonly limit: number | undefined
}

/** The options of ocelli classic. */
export interface ClassicFlags extends ClassicDataFlags {
  readonly method: readonly string[]
  readonly set: readonly string[]
  readonly model: string | undefined
  readonly out: string | undefined
  readonly test: number
  readonly folds: number
  readonly seed: number
  readonly plots: string | undefined
  readonly plotFeatures: string | undefined
  readonly json: boolean
}
