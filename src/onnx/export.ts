import { isFloating } from '../graph/dtype.ts'
import { isOp, type Node } from '../graph/node.ts'
import { formatShape, type Shape, ShapeError } from '../graph/shape.ts'
import type { Module } from '../nn/index.ts'
import { realize, Tensor } from '../tensor/index.ts'
import { type WeightTensor, weightTensorOf } from '../weights/index.ts'
import { elementTypeOf, GraphBuilder } from './export-builder.ts'
import { isFixed, Twins } from './export-dimensions.ts'
import { foldNormalizations } from './export-fold.ts'
import { checkOpset, defaultOpset } from './export-opset.ts'
import { Plan } from './export-plan.ts'
import { type Forward, type ForwardTrace, traceForward } from './export-trace.ts'
import { LoweringContext } from './lowering/context.ts'
import { acceptsComposite, lowerComposite, lowerPrimitive } from './lowering/index.ts'
import type { GraphModel, GraphValue } from './model.ts'

export interface ExportOptions {
  /** The shape of the network's only input, images [batch, channels, height, width]; or those of several. */
  readonly inputShape: Shape | readonly Shape[]
  /** The version of ONNX's operator set, 13 to 21; 17 unless given, which every runtime in use knows. */
  readonly opset?: number
  /** Leaves the first dimension of all inputs open under the name `batch`; true unless given. */
  readonly dynamicBatch?: boolean
  /** 'fused' (the default in evaluation) takes batch normalization into the weights of the layer before it. */
  readonly batchNorm?: 'fused' | 'plain'
  /** Writes the network as it trains: normalization by the batch, whose updates of buffers are outputs too, and dropout. */
  readonly training?: boolean
  /** `input`, or `input0`, `input1` …, unless given. */
  readonly inputNames?: readonly string[]
  /** `output`, or `output0`, `output1` …, unless given. */
  readonly outputNames?: readonly string[]
  /** Text that the file carries, such as the classes' names. */
  readonly metadata?: Readonly<Record<string, string>>
  /** What computes the outputs; the network's `forwardAll`, or else its `forward`, unless given. */
  readonly forward?: Forward
  /** The program that writes the file, with its version after a space. */
  readonly producer?: string
  /** The graph's name; that of the network's class unless given. */
  readonly name?: string
}

/**
 * A network as a graph of ONNX operators, for `onnxChunks` or `saveOnnx`. Inputs and outputs are float32, images
 * [batch, channels, height, width]. Weights keep their names of the state dict and share the network's memory.
 * Throws a FixedBatchError where the batch size was to stay open and the network does not allow it, a ShapeError where
 * the shape does not fit the network, and a RangeError for operator sets that are not written.
 */
export async function exportOnnx(network: Module, options: ExportOptions): Promise<GraphModel> {
  const { opset = defaultOpset, training = false, metadata = {}, producer = 'ocelli' } = options
  checkOpset(opset)
  const shapes = shapesOf(options.inputShape)
  await realize(...network.parameters(), ...network.buffers())
  const { trace, twins } = traced(network, shapes, options)
  const builder = new GraphBuilder(opset)
  const inputNames = namesOf('input', trace.inputs.length, options.inputNames)
  for (const name of inputNames) builder.unique(name)
  // Reserved, so that nothing else is called so.
  const outputNames = namesOf('output', trace.outputs.length, options.outputNames)
  const updateNames = [...trace.updates.keys()].map((name) => `${name}.updated`)
  for (const name of [...outputNames, ...updateNames]) {
    if (builder.unique(name) !== name)
      throw new RangeError(`exportOnnx: '${name}' names two inputs or outputs`)
  }
  const roots = [...trace.outputs, ...trace.updates.values()]
  const constants = new KnownValues(network, trace, builder)
  // Both need the other: what is accepted depends on the operator set that the context knows.
  const plan: Plan = new Plan({
    trace,
    twins,
    training,
    accepts: (composite, node) => acceptsComposite(composite, context, node),
  })
  const context: LoweringContext = new LoweringContext(
    builder,
    twins,
    trace.composites,
    constants,
    (node) => plan.operandsOf(node),
    inputNames[0]!,
  )
  for (const [i, node] of trace.inputs.entries()) context.bind(node, inputNames[i]!)
  const { written, constants: known } = plan.order(roots)
  await constants.read(known)
  for (const node of written) {
    builder.place = trace.moduleOf(node)
    const composite = plan.compositeOf(node)
    const name = composite === null ? lowerPrimitive(node, context) : lowerComposite(composite, context, node)
    context.bind(node, name)
  }
  builder.place = ''
  const names = [...outputNames, ...updateNames]
  const values = roots.map((node) => context.value(node))
  if ((options.batchNorm ?? 'fused') === 'fused' && !training) foldNormalizations(builder, new Set(values))
  nameOutputs(builder, values, names)
  builder.dropUnread(names)
  const describe = (name: string, node: Node): GraphValue => ({
    name,
    type: elementTypeOf[node.dtype],
    shape: context
      .dimensions(node)
      .map((d) => (isFixed(d) ? d : d.batches === 1 ? 'batch' : `${d.batches}*batch`)),
  })
  return {
    opset,
    producer,
    metadata,
    graph: builder.graph(
      options.name ?? network.constructor.name,
      trace.inputs.map((node, i) => describe(inputNames[i]!, node)),
      roots.map((node, i) => describe(names[i]!, node)),
    ),
  }
}

function shapesOf(given: ExportOptions['inputShape']): readonly Shape[] {
  const shapes = (typeof given[0] === 'number' ? [given] : given) as readonly Shape[]
  if (shapes.length === 0 || !shapes.every((shape) => shape.length > 0 && shape.every(isSize))) {
    throw new ShapeError(
      'exportOnnx: inputShape is a shape of sizes >= 1, such as [1, 3, 224, 224], or a list of shapes',
    )
  }
  return shapes
}

function isSize(size: number): boolean {
  return Number.isInteger(size) && size >= 1
}

function namesOf(kind: string, count: number, given: readonly string[] | undefined): readonly string[] {
  const names = given ?? Array.from({ length: count }, (_, i) => (count === 1 ? kind : `${kind}${i}`))
  if (names.length === count && new Set(names).size === count && !names.includes('')) return names
  throw new RangeError(
    `exportOnnx: ${kind}Names must be ${count} different names, got ${names.map((name) => `'${name}'`).join(', ')}`,
  )
}

/** Recorded for a batch size, and for another one beside it where the size is to stay open. */
function traced(
  network: Module,
  shapes: readonly Shape[],
  { forward, dynamicBatch = true, training = false }: ExportOptions,
): { readonly trace: ForwardTrace; readonly twins: Twins } {
  const called = forward ?? forwardOf(network)
  const record = (given: readonly Shape[]): ForwardTrace => traceForward(network, called, given, training)
  if (!dynamicBatch) {
    const trace = record(shapes)
    return { trace, twins: new Twins([1, 1], trace.composites, trace.composites) }
  }
  const batches: [number, number] = [2, 3]
  const [trace, other] = batches.map((batch) =>
    record(shapes.map((shape) => [batch, ...shape.slice(1)])),
  ) as [ForwardTrace, ForwardTrace]
  const twins = new Twins(batches, trace.composites, other.composites)
  for (const node of [...trace.inputs, ...trace.drawn]) twins.inputs.add(node)
  const rootsOf = ({ outputs, updates }: ForwardTrace): Node[] => [...outputs, ...updates.values()]
  twins.pair([...trace.inputs, ...rootsOf(trace)], [...other.inputs, ...rootsOf(other)])
  return { trace, twins }
}

/** Networks of the registry give all their outputs by `forwardAll`. */
function forwardOf(network: Module): Forward {
  const whole = (network as { readonly forwardAll?: Forward }).forwardAll
  return whole === undefined
    ? (...inputs) => network.forward(...inputs)
    : (...inputs) => whole.apply(network, inputs)
}

/** The values of leaves and of what is computed from them alone. */
class KnownValues {
  readonly #names: ReadonlyMap<Node, string>
  readonly #trace: ForwardTrace
  readonly #builder: GraphBuilder
  readonly #values = new Map<Node, WeightTensor>()

  constructor(network: Module, trace: ForwardTrace, builder: GraphBuilder) {
    const named = [...network.namedParameters(), ...network.namedBuffers()]
    this.#names = new Map(named.map(([name, tensor]) => [tensor.node, name]))
    this.#trace = trace
    this.#builder = builder
  }

  async read(nodes: readonly Node[]): Promise<void> {
    const wanted = nodes.filter((node) => !(isOp(node, 'full') && node.storage === undefined))
    await realize(...wanted.filter((node) => node.storage === undefined).map((node) => new Tensor(node)))
    for (const node of wanted) {
      this.#values.set(node, weightTensorOf(node.shape, node.dtype, await node.storage!.read()))
    }
  }

  /** That of the parameter, if the value is one or one in another shape; or one that says where it is used. */
  nameOf(node: Node): string {
    const own = this.#names.get(node)
    if (own !== undefined) return own
    const { place } = this.#builder
    const made = this.#trace.moduleOf(node) || place
    return made === '' ? 'constant' : `${made}.constant`
  }

  valueOf(node: Node): WeightTensor {
    const value = this.#values.get(node)
    if (value !== undefined) return value
    const kind = this.#trace.drawn.has(node) ? 'random numbers drawn outside of the graph' : `a ${node.op}`
    throw new RangeError(
      `exportOnnx: ${kind} of shape ${formatShape(node.shape)} has no value that can be stored` +
        (isFloating(node.dtype) ? '; draw them with rand(), which the runtime can do itself' : ''),
    )
  }
}

/** Gives the outputs their names: a value that is an input, a constant or an output already is copied. */
function nameOutputs(builder: GraphBuilder, values: readonly string[], names: readonly string[]): void {
  const made = new Set(builder.nodes.flatMap((node) => node.outputs))
  for (const [i, value] of values.entries()) {
    const name = names[i]!
    if (made.has(value)) {
      builder.rename(value, name)
      made.delete(value)
      continue
    }
    const first = values.indexOf(value)
    const node = { name: `${name}/Identity`, op: 'Identity', domain: '', outputs: [name], attributes: {} }
    builder.nodes.push({ ...node, inputs: [first < i ? names[first]! : value] })
  }
}
