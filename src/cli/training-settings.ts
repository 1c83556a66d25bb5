import { type Network, parameterGroups } from '../models/index.ts'
import {
  adam,
  adamax,
  adamW,
  CosineAnnealingLR,
  ExponentialLR,
  LinearLR,
  MultiStepLR,
  OneCycleLR,
  type Optimizer,
  ReduceLROnPlateau,
  rmsprop,
  type Scheduler,
  SequentialLR,
  StepLR,
  sgd,
} from '../optim/index.ts'
import { type ChoiceOption, type NumberOption, type TextOption, UsageError } from './command.ts'

/** How a network is trained. */
export const trainingOptions: {
  readonly epochs: NumberOption
  readonly batchSize: NumberOption & { readonly default: number }
  readonly optimizer: ChoiceOption & { readonly default: string }
  readonly lr: NumberOption
  readonly momentum: NumberOption & { readonly default: number }
  readonly weightDecay: NumberOption & { readonly default: number }
  readonly stageDecay: NumberOption & { readonly default: number }
  readonly clipGradNorm: NumberOption
  readonly labelSmoothing: NumberOption & { readonly default: number }
  readonly schedule: ChoiceOption & { readonly default: string }
  readonly stepSize: NumberOption & { readonly default: number }
  readonly milestones: TextOption
  readonly gamma: NumberOption & { readonly default: number }
  readonly patience: NumberOption & { readonly default: number }
  readonly warmupEpochs: NumberOption & { readonly default: number }
  readonly seed: NumberOption & { readonly default: number }
} = {
  epochs: {
    kind: 'number',
    placeholder: 'n',
    short: 'e',
    minimum: 1,
    integer: true,
    description: 'passes over the training images; 10 unless given',
  },
  batchSize: {
    kind: 'number',
    placeholder: 'n',
    short: 'b',
    default: 64,
    minimum: 1,
    integer: true,
    description: 'images in a step',
  },
  optimizer: {
    kind: 'choice',
    choices: ['sgd', 'adam', 'adamW', 'adamax', 'rmsprop'],
    default: 'adam',
    description: 'how parameters follow their gradients',
  },
  lr: {
    kind: 'number',
    placeholder: 'rate',
    minimum: 0,
    description: 'learning rate; 0.05 for sgd, 0.001 for the others unless given',
  },
  momentum: {
    kind: 'number',
    placeholder: 'm',
    default: 0.9,
    minimum: 0,
    description: 'momentum of sgd and rmsprop',
  },
  weightDecay: { kind: 'number', placeholder: 'w', default: 0, minimum: 0, description: 'weight decay' },
  stageDecay: {
    kind: 'number',
    placeholder: 'factor',
    default: 1,
    minimum: 0.01,
    description:
      "what each stage's learning rate is of that of the stage after it: below 1, early layers learn less",
  },
  clipGradNorm: {
    kind: 'number',
    placeholder: 'norm',
    minimum: 0,
    description: 'largest norm of all gradients together',
  },
  labelSmoothing: {
    kind: 'number',
    placeholder: 'share',
    default: 0,
    minimum: 0,
    description: 'share of the target spread over all classes',
  },
  schedule: {
    kind: 'choice',
    choices: ['constant', 'step', 'multi-step', 'exponential', 'cosine', 'one-cycle', 'plateau'],
    default: 'cosine',
    description: 'how the learning rate changes',
  },
  stepSize: {
    kind: 'number',
    placeholder: 'epochs',
    default: 10,
    minimum: 1,
    integer: true,
    description: 'of the step schedule: epochs between changes',
  },
  milestones: {
    kind: 'text',
    placeholder: 'a,b,..',
    description: 'of the multi-step schedule: the epochs after which the rate changes',
  },
  gamma: {
    kind: 'number',
    placeholder: 'factor',
    default: 0.1,
    minimum: 0,
    description: 'of step, multi-step, exponential and plateau: what the rate is multiplied by',
  },
  patience: {
    kind: 'number',
    placeholder: 'epochs',
    default: 3,
    minimum: 0,
    integer: true,
    description: 'of the plateau schedule: epochs without progress before a change',
  },
  warmupEpochs: {
    kind: 'number',
    placeholder: 'n',
    default: 0,
    minimum: 0,
    description: 'before the constant and cosine schedules: epochs in which the rate rises from near 0',
  },
  seed: {
    kind: 'number',
    placeholder: 'n',
    default: 0,
    minimum: 0,
    integer: true,
    description: 'decides initial weights, order, augmentation and dropout',
  },
}

export interface TrainingSettings {
  readonly epochs: number
  readonly batchSize: number
  readonly optimizer: string
  readonly lr: number | undefined
  readonly momentum: number
  readonly weightDecay: number
  readonly stageDecay: number
  readonly clipGradNorm: number | undefined
  readonly labelSmoothing: number
  readonly schedule: string
  readonly stepSize: number
  readonly milestones: string | undefined
  readonly gamma: number
  readonly patience: number
  readonly warmupEpochs: number
  readonly seed: number
}

/** The optimizer of the settings, over all parameters of a network that are not frozen. */
export function makeOptimizer(network: Network, settings: TrainingSettings): Optimizer {
  const { momentum, weightDecay, stageDecay } = settings
  const lr = initialRate(settings)
  const parameters =
    stageDecay === 1
      ? network.parameters().filter(({ requiresGrad }) => requiresGrad)
      : parameterGroups(network, { lr, stageDecay, weightDecay })
  switch (settings.optimizer) {
    case 'sgd':
      return sgd(parameters, { lr, momentum, weightDecay })
    case 'rmsprop':
      return rmsprop(parameters, { lr, momentum, weightDecay })
    case 'adamax':
      return adamax(parameters, { lr, weightDecay })
    case 'adamW':
      return adamW(parameters, { lr, weightDecay })
    default:
      return adam(parameters, { lr, weightDecay })
  }
}

/** The learning rate at the start. */
function initialRate({ lr, optimizer }: TrainingSettings): number {
  return lr ?? (optimizer === 'sgd' ? 0.05 : 0.001)
}

export interface MadeSchedule {
  readonly scheduler: Scheduler
  readonly interval: 'epoch' | 'step'
}

/** The schedule of the settings; null where the learning rate stays. */
export function makeSchedule(
  optimizer: Optimizer,
  settings: TrainingSettings,
  stepsPerEpoch: number,
): MadeSchedule | null {
  const { schedule, epochs, gamma, stepSize, patience, warmupEpochs } = settings
  const total = epochs * stepsPerEpoch
  const warmup = Math.round(warmupEpochs * stepsPerEpoch)
  if (warmup > 0 && schedule !== 'constant' && schedule !== 'cosine') {
    throw new UsageError(`--warmup-epochs goes with the constant and cosine schedules, not with ${schedule}`)
  }
  if (warmup >= total) throw new UsageError('--warmup-epochs must be less than --epochs')
  switch (schedule) {
    case 'constant':
      return warmup === 0 ? null : { scheduler: rising(optimizer, warmup), interval: 'step' }
    case 'cosine': {
      const first = warmup > 0 ? [rising(optimizer, warmup)] : []
      const falling = new CosineAnnealingLR(optimizer, { tMax: total - warmup })
      const scheduler =
        first.length === 0
          ? falling
          : new SequentialLR(optimizer, { schedulers: [...first, falling], milestones: [warmup] })
      return { scheduler, interval: 'step' }
    }
    case 'one-cycle': {
      const cycle = { maxLr: initialRate(settings), totalSteps: total + 1 }
      return { scheduler: new OneCycleLR(optimizer, cycle), interval: 'step' }
    }
    case 'step':
      return { scheduler: new StepLR(optimizer, { stepSize, gamma }), interval: 'epoch' }
    case 'multi-step':
      return {
        scheduler: new MultiStepLR(optimizer, { milestones: epochList(settings.milestones), gamma }),
        interval: 'epoch',
      }
    case 'exponential':
      return { scheduler: new ExponentialLR(optimizer, { gamma }), interval: 'epoch' }
    default:
      return {
        scheduler: new ReduceLROnPlateau(optimizer, { factor: gamma, patience }),
        interval: 'epoch',
      }
  }
}

function rising(optimizer: Optimizer, steps: number): LinearLR {
  return new LinearLR(optimizer, { startFactor: 0.01, totalIters: steps })
}

function epochList(text: string | undefined): number[] {
  const epochs = (text ?? '').split(',').map(Number)
  if (text === undefined || epochs.some((epoch) => !Number.isInteger(epoch) || epoch < 1)) {
    throw new UsageError('the multi-step schedule needs --milestones, such as 30,60')
  }
  return epochs
}
