import { sizeOf } from '../graph/shape.ts'
import { HostStorage } from '../graph/storage.ts'
import { Buffer, Parameter } from '../nn/parameter.ts'
import { tensor, zeros } from '../tensor/index.ts'
import {
  convertTo,
  defaultDType,
  type StoredTensor,
  storedDTypes,
  type WeightTensor,
} from '../weights/state-dict.ts'
import { everyNode } from './check.ts'
import type { Attribute, Graph, GraphModel } from './model.ts'
import { operatorOf } from './operators/index.ts'
import { elementTypeOf, HostValue, isFloatType, type Value, withType } from './value.ts'

/** Everything that a file fixes: what is trained, what is kept beside it, and what is known while recording. */
export interface Constants {
  /** Parameters and buffers by name, in the order of the file. */
  readonly variables: ReadonlyMap<string, Parameter | Buffer>
  /** What the names of initializers stand for. */
  readonly values: ReadonlyMap<string, Value>
  /** Initializers of graphs within nodes. */
  readonly inner: ReadonlyMap<Graph, ReadonlyMap<string, HostValue>>
  readonly attributes: ReadonlyMap<Attribute, HostValue>
  /** Initializers that are no state. */
  readonly fixed: ReadonlySet<string>
  /** Reads constants anew from the buffers that hold them. */
  readonly refresh: () => void
}

/** Float constants up to this size are known while recording, too: they may be scales or bounds. */
const largestKnown = 64

/** Names of values that nodes take as what is trained. */
function trainedNames(model: GraphModel): { trained: Set<string>; added: Set<string> } {
  const trained = new Set<string>()
  const added = new Set<string>()
  for (const node of everyNode(model.graph)) {
    for (const index of operatorOf(node)?.trained ?? []) {
      const name = node.inputs[index]
      // A factor or summand of one element is more likely a setting than a weight.
      if (name) (elementwise.has(node.op) ? added : trained).add(name)
    }
  }
  return { trained, added }
}

const elementwise: ReadonlySet<string> = new Set(['Add', 'Mul', 'MatMul'])

export async function gatherConstants(
  model: GraphModel,
): Promise<{ constants: Constants; state: Map<string, WeightTensor> }> {
  const { trained, added } = trainedNames(model)
  const state = new Map<string, WeightTensor>()
  const variables = new Map<string, Parameter | Buffer>()
  const values = new Map<string, Value>()
  const fixed = new Set<string>()
  const known: [string, Buffer, StoredTensor][] = []
  const entries = [...model.graph.initializers]
  const read = await Promise.all(entries.map(([, stored]) => stored.read()))
  for (const [i, [name, stored]] of entries.entries()) {
    if (!isFloating(stored)) {
      fixed.add(name)
      values.set(name, integerConstant(read[i]!, name))
      continue
    }
    const isTrained = trained.has(name) || (added.has(name) && sizeOf(stored.shape) > 1)
    const variable = isTrained ? new Parameter(zeros(stored.shape)) : new Buffer(zeros(stored.shape))
    state.set(name, read[i]!)
    variables.set(name, variable)
    values.set(name, variable)
    if (variable instanceof Buffer && variable.size <= largestKnown) known.push([name, variable, stored])
  }
  const refresh = (): void => {
    for (const [name, buffer, stored] of known) {
      const { storage } = buffer.node
      if (!(storage instanceof HostStorage)) continue
      values.set(
        name,
        new HostValue(buffer.shape, elementTypeOf(stored.dtype), Float64Array.from(storage.data), buffer),
      )
    }
  }
  return {
    constants: { variables, values, fixed, refresh, ...(await innerConstants(model.graph)) },
    state,
  }
}

/** Integers from this size on are tensors: quantized weights, not shapes. */
const largestIntegers = 65_536

function integerConstant(weight: WeightTensor, name: string): Value {
  if (sizeOf(weight.shape) < largestIntegers) return HostValue.from(weight, name)
  const dtype = defaultDType(weight.dtype)
  return withType(
    tensor(convertTo(weight, dtype, name), weight.shape, { dtype }),
    elementTypeOf(weight.dtype),
  )
}

function isFloating({ dtype }: StoredTensor): boolean {
  return isFloatType(elementTypeOf(dtype)) && storedDTypes[dtype].dtype === 'float32'
}

/** Tensors in attributes, and the initializers of graphs within. */
async function innerConstants(outer: Graph): Promise<Pick<Constants, 'inner' | 'attributes'>> {
  const inner = new Map<Graph, Map<string, HostValue>>()
  const attributes = new Map<Attribute, HostValue>()
  for (const node of everyNode(outer)) {
    for (const [name, attribute] of Object.entries(node.attributes)) {
      if (attribute.type === 'tensor') {
        attributes.set(attribute, HostValue.from(await attribute.value.read(), `${name} of ${node.op}`))
      } else if (attribute.type === 'graph') {
        const own = new Map<string, HostValue>()
        for (const [key, stored] of attribute.value.initializers)
          own.set(key, HostValue.from(await stored.read(), key))
        inner.set(attribute.value, own)
      }
    }
  }
  return { inner, attributes }
}
