import { isFloating } from '../graph/dtype.ts'
import { unknownOption } from '../tensor/options.ts'
import { Tensor } from '../tensor/tensor.ts'
import { changeMode } from '../tensor/trace.ts'

/** Options that every optimizer has. Groups may change them at any time: programs do not depend on their values. */
export interface OptimizerOptions {
  /** Learning rate. */
  lr: number
}

/** Parameters that share options. `group.lr = 0.01` takes effect with the next update, in compiled functions too. */
export type ParamGroup<O extends OptimizerOptions = OptimizerOptions> = O & {
  readonly params: readonly Tensor[]
  /** The learning rate from which a scheduler starts. */
  initialLr?: number
}

/** A group as it is given: options left out are the optimizer's. */
export type ParamGroupSpec<O extends OptimizerOptions = OptimizerOptions> = Partial<O> & {
  readonly params: Tensor | Iterable<Tensor>
}

/** Parameters, or groups of parameters with options of their own. */
export type Params<O extends OptimizerOptions = OptimizerOptions> =
  | Iterable<Tensor>
  | Iterable<ParamGroupSpec<O>>

export function groupSpecs<O extends OptimizerOptions>(what: string, params: Params<O>): ParamGroupSpec<O>[] {
  const list: readonly (Tensor | ParamGroupSpec<O>)[] = [...params]
  if (list.length === 0) throw new RangeError(`${what}: there are no parameters to train; the list is empty`)
  const tensors = list.filter((entry) => entry instanceof Tensor)
  if (tensors.length === 0) return list as ParamGroupSpec<O>[]
  if (tensors.length < list.length) {
    throw new TypeError(`${what}: give either parameters or groups ({ params, … }), not both in one list`)
  }
  return [{ params: tensors } as unknown as ParamGroupSpec<O>]
}

/** A group with every option set and its parameters checked. `taken` holds those of the groups before it. */
export function makeGroup<O extends OptimizerOptions>(
  what: string,
  defaults: O,
  spec: ParamGroupSpec<O>,
  taken: ReadonlySet<Tensor>,
): ParamGroup<O> {
  const { params, ...own } = spec
  const list = params instanceof Tensor ? [params] : [...params]
  const seen = new Set(taken)
  for (const [i, parameter] of list.entries()) {
    if (!(parameter instanceof Tensor)) {
      throw new TypeError(
        `${what}: element ${i} of params is ${typeof parameter}; only tensors can be trained`,
      )
    }
    if (!isFloating(parameter.dtype)) {
      throw new TypeError(`${what}: ${parameter} has no gradient, as its dtype is ${parameter.dtype}`)
    }
    if (!parameter.isLeaf) {
      throw new TypeError(`${what}: ${parameter} is the result of an operation; only leaves can be trained`)
    }
    if (seen.has(parameter)) {
      throw new RangeError(
        `${what}: ${parameter} is given more than once; each parameter belongs to one group`,
      )
    }
    seen.add(parameter)
  }
  changeMode()
  return { ...mergedOptions(what, defaults, own as unknown as Partial<O>), params: list }
}

/** Defaults with what is given in place of them; names that are not in the defaults are an error. */
export function mergedOptions<O extends OptimizerOptions>(what: string, defaults: O, given: Partial<O>): O {
  const merged = { ...defaults }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name) && name !== 'initialLr') {
      throw unknownOption(what, name, value, Object.keys(defaults))
    }
    if (value !== undefined) (merged as Record<string, unknown>)[name] = value
  }
  return merged
}

/** Throws a RangeError unless the number lies in low <= value < high. */
export function checkRange(
  what: string,
  name: string,
  value: number,
  high: number = Number.POSITIVE_INFINITY,
): void {
  if (value >= 0 && value < high) return
  const range =
    high === Number.POSITIVE_INFINITY ? 'a finite number >= 0' : `in the range 0 <= ${name} < ${high}`
  throw new RangeError(`${what}: ${name} must be ${range}, got ${value}`)
}
