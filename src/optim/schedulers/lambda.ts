import type { Optimizer } from '../optimizer.ts'
import { EpochScheduler, perGroup } from './scheduler.ts'

/** The factor of the initial learning rate at a step; steps count from 0. */
export type LrLambda = (epoch: number) => number

/** Initial learning rates times a function of the step, or one function for each parameter group. Not in checkpoints. */
export class LambdaLR extends EpochScheduler {
  readonly #lambdas: readonly LrLambda[]

  constructor(optimizer: Optimizer, lrLambda: LrLambda | readonly LrLambda[]) {
    super('LambdaLR', optimizer)
    this.#lambdas = perGroup<LrLambda>('LambdaLR', lrLambda, optimizer)
    this.apply()
  }

  protected next(_lr: number, base: number, group: number): number {
    return base * this.#lambdas[group]!(this.lastEpoch)
  }

  protected override first(base: number, group: number): number {
    return this.next(base, base, group)
  }
}
