import { dtypes } from '../graph/dtype.ts'
import { variable } from '../tensor/create.ts'
import type { Tensor } from '../tensor/index.ts'
import type { Json } from '../weights/index.ts'
import type { ParamGroup } from './parameter-groups.ts'

/** What an optimizer remembers of a group; made at the first update that needs it. */
export interface GroupState {
  /** float32 [parameters]: updates that each has had. */
  steps: Tensor | undefined
  readonly tensors: Map<Tensor, Map<string, Tensor>>
}

export function newGroupState(): GroupState {
  return { steps: undefined, tensors: new Map() }
}

/** A parameter's state by name, as a variable of its shape that starts with zeros. */
export function stateVariable(state: GroupState, parameter: Tensor, name: string): Tensor {
  let ofParameter = state.tensors.get(parameter)
  if (ofParameter === undefined) {
    ofParameter = new Map()
    state.tensors.set(parameter, ofParameter)
  }
  let found = ofParameter.get(name)
  if (found === undefined) {
    found = zeroVariable(parameter)
    found.label = `${name} of ${parameter.label ?? 'a parameter'}`
    ofParameter.set(name, found)
  }
  return found
}

function zeroVariable({ dtype, shape, size }: Pick<Tensor, 'dtype' | 'shape' | 'size'>): Tensor {
  return variable(dtypes[dtype].create(size), shape, { dtype })
}

export function stepsVariable(state: GroupState, parameters: number): Tensor {
  if (state.steps === undefined) {
    state.steps = zeroVariable({ dtype: 'float32', shape: [parameters], size: parameters })
    state.steps.label = "an optimizer's step counts"
  }
  return state.steps
}

/** Options and number of parameters of each group. */
export function savedGroups(groups: readonly ParamGroup[]): Json {
  return groups.map(({ params, ...options }) => ({
    parameters: params.length,
    options: structuredClone(options) as unknown as Json,
  }))
}

export function stepsName(group: number): string {
  return `group.${group}.step`
}

/** State tensors by name: `group.0.step`, and `3.expAvg` for the fourth parameter over all groups. */
export function stateTensors(
  groups: readonly ParamGroup[],
  states: readonly GroupState[],
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>()
  let index = 0
  for (const [i, { params }] of groups.entries()) {
    const state = states[i]!
    if (state.steps !== undefined) tensors.set(stepsName(i), state.steps)
    for (const parameter of params) {
      for (const [name, tensor] of state.tensors.get(parameter) ?? []) tensors.set(`${index}.${name}`, tensor)
      index++
    }
  }
  return tensors
}
