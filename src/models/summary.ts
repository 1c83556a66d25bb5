import { dtypes } from '../graph/dtype.ts'
import type { Node, Op } from '../graph/node.ts'
import { type OpDefinition, ops } from '../graph/ops/index.ts'
import { type Shape, sizeOf } from '../graph/shape.ts'
import type { Module } from '../nn/index.ts'
import { noGrad, Tensor, zeros } from '../tensor/index.ts'

export interface LayerSummary {
  readonly name: string
  readonly type: string
  readonly outputShape: Shape
  readonly parameters: number
  readonly macs: number
}

export interface ModelSummary {
  readonly inputShape: Shape
  /** Modules without children, in the order in which they ran; one that runs twice is there twice. */
  readonly layers: readonly LayerSummary[]
  readonly parameters: number
  readonly trainableParameters: number
  /** Multiply-accumulates of convolutions and matrix products. */
  readonly macs: number
  readonly parameterBytes: number
  /** Of all layers' outputs together: what training keeps, roughly. */
  readonly activationBytes: number
}

/** Counts a network's work (all of its outputs) and memory for one input shape, as in evaluation, without computing or changing anything. */
export function summary(
  model: Module & {
    forward(x: Tensor): Tensor | readonly Tensor[]
    forwardAll?(x: Tensor): readonly Tensor[]
  },
  inputShape: Shape,
): ModelSummary {
  const layers: LayerSummary[] = []
  // In training, normalization would count the recorded zeros as a batch and dropout would draw random numbers.
  const inTraining = model.modules().filter((module) => module.training)
  for (const module of inTraining) module.training = false
  const removals = [...model.namedModules()].flatMap(([name, module]) => {
    if ([...module.children()].length > 0) return []
    return [
      module.registerForwardHook((_, inputs, output) => {
        if (!(output instanceof Tensor)) return
        const known = inputs.filter((input) => input instanceof Tensor).map((input) => input.node)
        layers.push({
          name,
          type: module.constructor.name,
          outputShape: output.shape,
          parameters: count(module.parameters()),
          macs: macsOf([output.node], known),
        })
      }),
    ]
  })
  try {
    const result = noGrad(() => {
      const x = zeros(inputShape)
      return model.forwardAll ? model.forwardAll(x) : model.forward(x)
    })
    const outputs: readonly Tensor[] = result instanceof Tensor ? [result] : result
    const parameters = [...model.parameters()]
    return {
      inputShape,
      layers,
      parameters: count(parameters),
      trainableParameters: count(parameters.filter((p) => p.requiresGrad)),
      macs: macsOf(
        outputs.map((t) => t.node),
        [],
      ),
      parameterBytes: parameters.reduce((bytes, p) => bytes + p.size * dtypes[p.dtype].bytes, 0),
      activationBytes: layers.reduce((bytes, layer) => bytes + sizeOf(layer.outputShape) * 4, 0),
    }
  } finally {
    for (const remove of removals) remove()
    for (const module of inTraining) module.training = true
  }
}

function count(tensors: Iterable<Tensor>): number {
  let total = 0
  for (const tensor of tensors) total += tensor.size
  return total
}

/** Work recorded between the given inputs and the outputs. */
function macsOf(outputs: readonly Node[], inputs: readonly Node[]): number {
  const seen = new Set(inputs)
  const stack = [...outputs]
  let macs = 0
  while (stack.length > 0) {
    const node = stack.pop()!
    if (seen.has(node)) continue
    seen.add(node)
    macs += (ops[node.op] as unknown as OpDefinition<Op>).cost(node).macs
    stack.push(...node.inputs)
  }
  return macs
}

function formatBytes(bytes: number): string {
  const mebibytes = bytes / 2 ** 20
  return mebibytes < 0.1 ? `${(bytes / 2 ** 10).toFixed(1)} KiB` : `${mebibytes.toFixed(1)} MiB`
}

/** The summary as a table for people. */
export function formatSummary(counted: ModelSummary): string {
  const number = (value: number): string => value.toLocaleString('en-US')
  const header = ['layer', 'type', 'output', 'parameters', 'MACs']
  const rows = counted.layers.map(({ name, type, outputShape, parameters, macs }) => [
    name,
    type,
    outputShape.join(' x '),
    parameters > 0 ? number(parameters) : '',
    macs > 0 ? number(macs) : '',
  ])
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i < 3 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd()
  const rule = '-'.repeat(widths.reduce((a, b) => a + b + 2, -2))
  const frozen = counted.parameters - counted.trainableParameters
  return [
    line(header),
    rule,
    ...rows.map(line),
    rule,
    `input        ${counted.inputShape.join(' x ')}`,
    `parameters   ${number(counted.parameters)} (${formatBytes(counted.parameterBytes)})` +
      (frozen > 0 ? `, ${number(frozen)} of them frozen` : ''),
    `MACs         ${number(counted.macs)}`,
    `activations  ${formatBytes(counted.activationBytes)}`,
  ].join('\n')
}
