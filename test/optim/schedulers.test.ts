import { describe, expect, it } from 'vitest'
import * as optim from '../../src/optim/index.ts'
import { zeros } from '../../src/tensor/index.ts'
import { expectClose, fixture, numbersIn } from './fixture.ts'

interface Part {
  readonly scheduler: string
  readonly options: object
}

interface Case extends Part {
  readonly optimizer: 'SGD' | 'Adam'
  /** By step, those of all groups in one string. */
  readonly rates: readonly string[]
  readonly momenta?: readonly string[]
}

const { metrics, cases, sequences, lambda, chained } = fixture<{
  readonly metrics: readonly number[]
  readonly cases: readonly Case[]
  readonly sequences: readonly {
    parts: readonly Part[]
    milestones: readonly number[]
    rates: readonly string[]
  }[]
  readonly lambda: readonly string[]
  readonly chained: readonly string[]
}>('schedulers.json')

type EpochMaker = (optimizer: optim.Optimizer, options: never) => optim.EpochScheduler

const epochMakers: Readonly<Record<string, EpochMaker>> = {
  StepLR: (optimizer, options) => new optim.StepLR(optimizer, options),
  MultiStepLR: (optimizer, options) => new optim.MultiStepLR(optimizer, options),
  ExponentialLR: (optimizer, options) => new optim.ExponentialLR(optimizer, options),
  CosineAnnealingLR: (optimizer, options) => new optim.CosineAnnealingLR(optimizer, options),
  LinearLR: (optimizer, options) => new optim.LinearLR(optimizer, options),
  ConstantLR: (optimizer, options) => new optim.ConstantLR(optimizer, options),
  OneCycleLR: (optimizer, options) => new optim.OneCycleLR(optimizer, options),
}

function make({ scheduler, options }: Part, optimizer: optim.Optimizer): optim.Scheduler {
  if (scheduler === 'ReduceLROnPlateau') return new optim.ReduceLROnPlateau(optimizer, options)
  return epochMakers[scheduler]!(optimizer, options as never)
}

const twoGroups = (kind: 'SGD' | 'Adam' = 'SGD'): optim.Optimizer => {
  const groups = [{ params: [zeros([1])] }, { params: [zeros([1])], lr: 0.01 }]
  return kind === 'SGD' ? optim.sgd(groups, { lr: 0.1 }) : optim.adam(groups, { lr: 0.1 })
}

const tight = { relative: 1e-12, absolute: 1e-15 }

function momenta(optimizer: optim.Optimizer): number[] {
  const groups = optimizer.paramGroups as readonly { betas?: readonly number[]; momentum?: number }[]
  return groups.map((group) => group.betas?.[0] ?? group.momentum!)
}

function follow(
  optimizer: optim.Optimizer,
  schedulers: readonly optim.Scheduler[],
  rates: readonly string[],
  from = 0,
): void {
  for (const [i, row] of rates.entries()) {
    if (i < from) continue
    if (i > from) for (const scheduler of schedulers) scheduler.step(metrics[i - 1])
    expectClose(
      optimizer.paramGroups.map((group) => group.lr),
      numbersIn(row),
      tight,
    )
  }
}

describe('the learning rates are those of PyTorch', () => {
  it.each(cases.map((entry) => [`${entry.scheduler} ${JSON.stringify(entry.options)}`, entry] as const))(
    '%s',
    (_, entry) => {
      const optimizer = twoGroups(entry.optimizer)
      const scheduler = make(entry, optimizer)
      for (const [i, row] of entry.rates.entries()) {
        if (i > 0) scheduler.step(metrics[i - 1])
        expectClose(scheduler.lastLr, numbersIn(row), tight)
        if (entry.momenta) expectClose(momenta(optimizer), numbersIn(entry.momenta[i]!), tight)
      }
    },
  )

  it.each(sequences.map((entry) => [entry.parts.map((part) => part.scheduler).join(', '), entry] as const))(
    'one after another: %s',
    (_, { parts, milestones, rates }) => {
      const optimizer = twoGroups()
      const schedulers = parts.map((part) => make(part, optimizer) as optim.EpochScheduler)
      follow(optimizer, [new optim.SequentialLR(optimizer, { schedulers, milestones })], rates)
    },
  )

  it('LambdaLR', () => {
    const optimizer = twoGroups()
    follow(
      optimizer,
      [new optim.LambdaLR(optimizer, [(epoch) => 0.95 ** epoch, (epoch) => 1 / (1 + epoch)])],
      lambda,
    )
  })

  it('several at once', () => {
    const optimizer = twoGroups()
    const warmUp = new optim.LinearLR(optimizer, { startFactor: 0.2, totalIters: 4 })
    follow(optimizer, [warmUp, new optim.ExponentialLR(optimizer, { gamma: 0.9 })], chained)
  })
})

describe('state', () => {
  const saved = (value: unknown): never => JSON.parse(JSON.stringify(value)) as never

  it.each(cases.map((entry) => [`${entry.scheduler} ${JSON.stringify(entry.options)}`, entry] as const))(
    'goes on: %s',
    (_, entry) => {
      const optimizer = twoGroups(entry.optimizer)
      const scheduler = make(entry, optimizer)
      const at = Math.floor(entry.rates.length / 2)
      for (let i = 0; i < at; i++) scheduler.step(metrics[i])
      const other = twoGroups(entry.optimizer)
      const resumed = make(entry, other)
      other.loadStateDict(optimizer.stateDict())
      resumed.loadStateDict(saved(scheduler.stateDict()))
      follow(other, [resumed], entry.rates, at)
      expect(resumed.lastEpoch).toBe(entry.rates.length - 1)
    },
  )

  it('goes on within a sequence', () => {
    const build = (): [optim.Optimizer, optim.SequentialLR] => {
      const optimizer = twoGroups()
      const { parts, milestones } = sequences[0]!
      const schedulers = parts.map((part) => make(part, optimizer) as optim.EpochScheduler)
      return [optimizer, new optim.SequentialLR(optimizer, { schedulers, milestones })]
    }
    for (const at of [3, 5, 9]) {
      const [[optimizer, scheduler], [other, resumed]] = [build(), build()]
      for (let i = 0; i < at; i++) scheduler.step()
      other.loadStateDict(optimizer.stateDict())
      resumed.loadStateDict(saved(scheduler.stateDict()))
      follow(other, [resumed], sequences[0]!.rates, at)
    }
  })

  it('that does not fit is refused', () => {
    const optimizer = twoGroups()
    const scheduler = new optim.StepLR(optimizer, { stepSize: 2 })
    const single = optim.sgd([zeros([1])])
    expect(() =>
      scheduler.loadStateDict(new optim.ExponentialLR(optimizer, { gamma: 1 }).stateDict()),
    ).toThrow('StepLR: the saved state is one of ExponentialLR; create that scheduler to load it')
    expect(() => scheduler.loadStateDict(new optim.StepLR(single, { stepSize: 2 }).stateDict())).toThrow(
      'for 1 parameter groups, this optimizer has 2',
    )
    expect(() => scheduler.loadStateDict(null)).toThrow('not the state of a scheduler')
    expect(() => scheduler.loadStateDict({ scheduler: 'StepLR', baseLrs: [1, 2] })).toThrow('lastEpoch')
  })
})

describe('options out of range are refused', () => {
  const optimizer = twoGroups()
  it.each([
    ['stepSize must be an integer >= 1, got 0', () => new optim.StepLR(optimizer, { stepSize: 0 })],
    ['every milestone', () => new optim.MultiStepLR(optimizer, { milestones: [1.5] })],
    ['tMax', () => new optim.CosineAnnealingLR(optimizer, { tMax: 0 })],
    ['startFactor must be above 0', () => new optim.LinearLR(optimizer, { startFactor: 0 })],
    ['factor must be above 0 and at most 1, got 2', () => new optim.ConstantLR(optimizer, { factor: 2 })],
    [
      'needs totalSteps, or epochs and stepsPerEpoch',
      () => new optim.OneCycleLR(optimizer, { maxLr: 1, epochs: 2 }),
    ],
    [
      '3 values for 2 parameter groups',
      () => new optim.OneCycleLR(optimizer, { maxLr: [1, 2, 3], totalSteps: 2 }),
    ],
    ['pctStart', () => new optim.OneCycleLR(optimizer, { maxLr: 1, totalSteps: 2, pctStart: 30 })],
    ['factor must be in the range', () => new optim.ReduceLROnPlateau(optimizer, { factor: 1 })],
    ['needs the metric to watch', () => new optim.ReduceLROnPlateau(optimizer).step()],
    ['2 schedulers need 1 milestones, got 0', () => sequential([])],
    ['every milestone must be an integer >= 1', () => sequential([0])],
  ])('%s', (message, fn) => {
    expect(fn).toThrow(message)
  })

  it('a cycle that is over', () => {
    const scheduler = new optim.OneCycleLR(twoGroups(), { maxLr: 1, totalSteps: 2 })
    for (let i = 0; i < 2; i++) scheduler.step()
    expect(() => scheduler.step()).toThrow('step() was called 3 times, but the cycle has 2 steps')
  })

  function sequential(milestones: readonly number[]): optim.SequentialLR {
    const schedulers = [new optim.LinearLR(optimizer), new optim.ConstantLR(optimizer)]
    return new optim.SequentialLR(optimizer, { schedulers, milestones })
  }
})
