import { dtypes } from '../graph/dtype.ts'
import { formatShape, sameShape } from '../graph/shape.ts'
import type { LoadSource } from '../nn/index.ts'
import { loadState } from '../nn/load-state.ts'
import type { Tensor } from '../tensor/index.ts'
import type { Json } from '../weights/index.ts'
import type { ParamGroup } from './parameter-groups.ts'
import { type GroupState, stateVariable, stepsName, stepsVariable } from './state.ts'

/** An optimizer as its state is loaded into it. */
export interface LoadTarget {
  readonly name: string
  readonly groups: readonly ParamGroup[]
  readonly states: readonly GroupState[]
  readonly optionNames: readonly string[]
  readonly check: (options: SavedOptions) => void
  readonly stateNames: (options: SavedOptions) => readonly string[]
  readonly countsSteps: (options: SavedOptions) => boolean
}

type SavedOptions = Readonly<Record<string, unknown>>

interface SavedState {
  readonly state: Json
  readonly tensors: ReadonlyMap<string, LoadSource>
}

/** Checks everything, then loads options and tensors; states that the source lacks start anew. */
export function loadGroups(saved: SavedState, target: LoadTarget): void {
  const options = savedOptions(saved.state, target)
  const wanted: {
    readonly name: string
    readonly variable: () => Tensor
    readonly like: Tensor | undefined
  }[] = []
  const absent: string[] = []
  const starting: Tensor[] = []
  let index = 0
  for (const [i, { params }] of target.groups.entries()) {
    const state = target.states[i]!
    const names = target.stateNames(options[i]!)
    let found = 0
    for (const parameter of params) {
      const own = names.map((name) => `${index}.${name}`)
      const present = own.filter((name) => saved.tensors.has(name))
      if (present.length > 0) {
        absent.push(...own.filter((name) => !saved.tensors.has(name)))
        for (const [j, name] of own.entries()) {
          wanted.push({ name, like: parameter, variable: () => stateVariable(state, parameter, names[j]!) })
        }
        found++
      } else {
        starting.push(...(state.tensors.get(parameter)?.values() ?? []))
      }
      index++
    }
    if (saved.tensors.has(stepsName(i))) {
      const name = stepsName(i)
      wanted.push({ name, like: undefined, variable: () => stepsVariable(state, params.length) })
      requireShape(target.name, name, saved.tensors.get(name)!, [params.length])
    } else {
      if (found > 0 && target.countsSteps(options[i]!)) absent.push(stepsName(i))
      if (state.steps !== undefined) starting.push(state.steps)
    }
  }
  const known = new Set(wanted.map(({ name }) => name))
  const unexpected = [...saved.tensors.keys()].filter((name) => !known.has(name))
  if (absent.length + unexpected.length > 0) {
    throw new Error(
      `${target.name}: the saved state does not fit its options: ${absent.length} tensors missing` +
        `${named(absent)}, ${unexpected.length} unexpected${named(unexpected)}`,
    )
  }
  for (const { name, like } of wanted) {
    if (like) requireShape(target.name, name, saved.tensors.get(name)!, like.shape, like.label)
  }
  loadState(target.name, new Map(wanted.map(({ name, variable }) => [name, variable()])), saved.tensors, {
    strict: true,
  })
  for (const tensor of starting) tensor.load(dtypes[tensor.dtype].create(tensor.size))
  for (const [i, group] of target.groups.entries()) Object.assign(group, structuredClone(options[i]))
}

function requireShape(
  what: string,
  name: string,
  source: LoadSource,
  shape: readonly number[],
  label?: string,
): void {
  if (sameShape(source.shape, shape)) return
  throw new Error(
    `${what}: the saved ${name} is ${formatShape(source.shape)}, but ${label ?? 'what it belongs to'} ` +
      `is ${formatShape(shape)}; load the state into an optimizer over the same parameters in the same order`,
  )
}

function named(names: readonly string[]): string {
  if (names.length === 0) return ''
  return ` (${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''})`
}

/** The options of each group, checked against the optimizer that they are for. */
function savedOptions(state: Json, target: LoadTarget): SavedOptions[] {
  const { name } = target
  const saved = state as { readonly optimizer?: unknown; readonly groups?: unknown } | null
  if (typeof saved?.optimizer !== 'string' || !Array.isArray(saved.groups)) {
    throw new TypeError(`${name}: this is not the state of an optimizer`)
  }
  if (saved.optimizer !== name) {
    throw new Error(`${name}: the saved state is one of ${saved.optimizer}; create that optimizer to load it`)
  }
  if (saved.groups.length !== target.groups.length) {
    throw new Error(
      `${name}: the saved state has ${saved.groups.length} parameter groups, this optimizer ${target.groups.length}`,
    )
  }
  return saved.groups.map((group: { parameters?: unknown; options?: SavedOptions } | null, i) => {
    const { params } = target.groups[i]!
    if (group?.parameters !== params.length) {
      throw new Error(
        `${name}: group ${i} of the saved state has ${group?.parameters} parameters, this optimizer's ${params.length}`,
      )
    }
    const options = group.options ?? {}
    for (const option of target.optionNames) {
      const [was, is] = [typeof options[option], typeof (target.groups[i] as unknown as SavedOptions)[option]]
      if (was !== is)
        throw new TypeError(`${name}: ${option} of group ${i} of the saved state is ${was}, not ${is}`)
    }
    for (const option of Object.keys(options)) {
      if (!target.optionNames.includes(option) && option !== 'initialLr') {
        throw new TypeError(
          `${name}: group ${i} of the saved state has an option '${option}', which is unknown`,
        )
      }
    }
    target.check(options)
    return options
  })
}
