import { isFloating } from '../graph/dtype.ts'
import type { LoadSource } from '../nn/index.ts'
import { noGrad, type RealizeOptions, realize, type Tensor, tensor, where } from '../tensor/index.ts'
import { consumeGradient, forgetGradient } from '../tensor/pending.ts'
import { gradientOf } from '../tensor/tensor.ts'
import { changeMode, onReplay } from '../tensor/trace.ts'
import type { Json } from '../weights/index.ts'
import { allFinite } from './finite.ts'
import { loadGroups } from './load-state.ts'
import {
  groupSpecs,
  makeGroup,
  mergedOptions,
  type OptimizerOptions,
  type ParamGroup,
  type ParamGroupSpec,
  type Params,
} from './parameter-groups.ts'
import {
  type GroupState,
  newGroupState,
  savedGroups,
  stateTensors,
  stateVariable,
  stepsVariable,
} from './state.ts'

export interface UpdateOptions {
  /**
   * The loss, or any floating-point tensor: when one of its elements is NaN or infinite, parameters and state keep their
   * values.
   */
  readonly guard?: Tensor
}

/** What `stateDict` gives: options and sizes as JSON, and the tensors by name, which are the optimizer's own. */
export interface OptimizerStateDict {
  readonly state: Json
  readonly tensors: Map<string, Tensor>
}

/** One parameter during one update. */
export interface ParameterUpdate {
  /** Its place in its group. */
  readonly index: number
  readonly parameter: Tensor
  readonly gradient: Tensor
  /** A state of the parameter's shape, zeros at first. */
  read(name: string): Tensor
  /** Gives a state a new value, and returns it: the old one where the guard does not hold. */
  write(name: string, value: Tensor): Tensor
}

/** The new value of a parameter. */
export type ParameterRule = (update: ParameterUpdate) => Tensor

type Change = readonly [variable: Tensor, value: Tensor]

/** The value that a variable gets: the next one, or its own where the guard does not hold. */
type Keep = (variable: Tensor, next: Tensor) => Tensor

/**
 * Base of all optimizers. Parameters that are frozen or have no gradient are left alone. An update is recorded like any
 * other computation and runs, in place, with the next realization.
 */
export abstract class Optimizer<O extends OptimizerOptions = OptimizerOptions> {
  readonly paramGroups: readonly ParamGroup<O>[]
  /** What it is called in errors and checkpoints. */
  readonly name: string
  readonly #defaults: O
  readonly #groups: ParamGroup<O>[] = []
  readonly #states: GroupState[] = []

  constructor(name: string, params: Params<O>, defaults: O, options: Partial<O>) {
    this.name = name
    this.#defaults = mergedOptions(name, defaults, options)
    this.paramGroups = this.#groups
    for (const spec of groupSpecs(name, params)) this.addParamGroup(spec)
  }

  /** Throws where an option is out of range. */
  protected abstract check(options: O): void
  /** The options of which it matters to the computation's structure whether they are zero, or true. */
  protected abstract readonly structural: readonly string[]
  /** The states that each parameter of the group has. */
  protected abstract stateNames(group: O): readonly string[]
  /** Whether the rule asks for step counts. */
  protected abstract countsSteps(group: O): boolean
  /**
   * How the parameters of a group are updated. `steps` are float32 [parameters]: the updates that each has had, this one
   * included.
   */
  protected abstract rule(group: ParamGroup<O>, steps: () => Tensor): ParameterRule

  /** Trains more parameters, such as layers that were frozen. */
  addParamGroup(spec: ParamGroupSpec<O>): void {
    const taken = new Set(this.#groups.flatMap((group) => group.params))
    const group = makeGroup(this.name, this.#defaults, spec, taken)
    this.check(group)
    this.#groups.push(group)
    this.#states.push(newGroupState())
  }

  zeroGrad(): void {
    for (const { params } of this.#groups) {
      for (const parameter of params) {
        if (parameter.grad !== null) forgetGradient(parameter.grad.binding)
        parameter.grad = null
      }
    }
  }

  /**
   * Records one update of all parameters; it runs with the next realization. For functions given to `compile`; elsewhere
   * `step` is meant.
   */
  update(options: UpdateOptions = {}): void {
    noGrad(() => {
      const finite = options.guard && guardHolds(options.guard)
      const kept: Keep = (variable, value) => (finite === undefined ? value : where(finite, value, variable))
      const changes = this.#groups.flatMap((group, i) => this.#groupChanges(group, this.#states[i]!, kept))
      for (const [variable, value] of changes) variable.assign(value)
    })
  }

  /** Updates all parameters, and computes whatever else is pending, such as the loss. */
  async step(options: UpdateOptions & RealizeOptions = {}): Promise<void> {
    this.update(options)
    await realize(options)
  }

  #groupChanges(group: ParamGroup<O>, state: GroupState, kept: Keep): Change[] {
    const active = group.params.flatMap((parameter, index) => {
      const gradient = parameter.requiresGrad ? gradientOf(parameter) : null
      return gradient === null ? [] : [{ parameter, index, gradient }]
    })
    if (active.length === 0) return []
    this.#refuseOtherStructure(group)
    const changes: Change[] = []
    const change = (variable: Tensor, next: Tensor): Tensor => {
      const value = kept(variable, next)
      changes.push([variable, value])
      return value
    }
    let steps: Tensor | undefined
    const countSteps = (): Tensor => {
      if (steps !== undefined) return steps
      const size = group.params.length
      const before = stepsVariable(state, size)
      const counted = new Float32Array(size)
      for (const { index } of active) counted[index] = 1
      steps = change(before, before.add(active.length === size ? 1 : tensor(counted)))
      return steps
    }
    const rule = this.rule(group, countSteps)
    for (const { parameter, index, gradient } of active) {
      const value = rule({
        index,
        parameter,
        gradient,
        read: (name) => stateVariable(state, parameter, name),
        write: (name, next) => change(stateVariable(state, parameter, name), next),
      })
      change(parameter, value)
      consumeGradient(gradient.binding, usedUp(parameter))
    }
    return changes
  }

  /** A compiled function repeats the update as it was recorded; only numbers may change. */
  #refuseOtherStructure(group: ParamGroup<O>): void {
    const options = group as unknown as Readonly<Record<string, unknown>>
    const flags = (): boolean[] => this.structural.map((name) => Boolean(options[name]))
    const recorded = flags()
    onReplay(() => {
      const changed = flags().findIndex((flag, i) => flag !== recorded[i])
      if (changed < 0) return
      const name = this.structural[changed]
      throw new Error(
        `${this.name}: ${name} was switched on or off since the step was compiled; compile the function again`,
      )
    })
  }

  /** Everything needed to go on: options of the groups, and the state tensors, which stay the optimizer's own. */
  stateDict(): OptimizerStateDict {
    return {
      state: { optimizer: this.name, groups: savedGroups(this.#groups) },
      tensors: stateTensors(this.#groups, this.#states),
    }
  }

  /**
   * Takes over the options and state of another optimizer of the same kind and over parameters of the same shapes, in the
   * same order. Throws an Error that says what differs, and then nothing is changed.
   */
  loadStateDict(saved: { readonly state: Json; readonly tensors: ReadonlyMap<string, LoadSource> }): void {
    loadGroups(saved, {
      name: this.name,
      groups: this.#groups,
      states: this.#states,
      optionNames: Object.keys(this.#defaults),
      check: (options) => this.check(options as unknown as O),
      stateNames: (options) => this.stateNames(options as unknown as O),
      countsSteps: (options) => this.countsSteps(options as unknown as O),
    })
    changeMode()
  }
}

function guardHolds(guard: Tensor): Tensor {
  if (isFloating(guard.dtype)) return allFinite(guard)
  throw new TypeError(
    `update: the guard must be a floating-point tensor such as the loss, this one is ${guard}`,
  )
}

function usedUp(parameter: Tensor): string {
  return (
    `the gradient of ${parameter.label ?? 'a parameter'} was used up by the optimizer's update: ask for its values ` +
    'before the update, and call zeroGrad() before the next backward()'
  )
}
