import { Module } from '../nn/index.ts'
import type { GraphModel } from '../onnx/index.ts'
import { createGraphNetwork, type GraphNetwork } from '../onnx/index.ts'
import { concat, noGrad, type Tensor, zeros } from '../tensor/index.ts'
import type { Preprocessing } from '../transforms/index.ts'
import { type FileAccess, openFile } from '../weights/file.ts'
import { openCheckpoint } from '../weights/index.ts'
import { CommandError } from './command.ts'

/** A classifier whose structure is in the file of its weights. */
export interface FileNetwork {
  /** Gives logits [n, classes], whatever the file's network gives. */
  readonly network: Module
  readonly outputs: number
  /** As far as the file says: the size that the network sees. */
  readonly inputSize: readonly [height: number, width: number] | null
  readonly channels: number
  readonly metadata: Readonly<Record<string, string>>
}

/** An open file's network; its weights are read from the file as they are asked for. */
export interface OpenGraph {
  readonly model: GraphModel
  readonly metadata: Readonly<Record<string, string>>
  close(): Promise<void>
}

/**
 * The network that a file holds, as it is there; null for formats that hold weights alone.
 * @param structure The file of the structure, for formats that keep it apart, where it bears another name.
 */
export async function openGraph(path: string, structure?: string): Promise<OpenGraph | null> {
  const file = await openFile(path)
  let beside: FileAccess | undefined
  const close = async (): Promise<void> => {
    await file.close()
    await beside?.close()
  }
  try {
    beside = structure === undefined ? undefined : await openFile(structure)
    const { network, metadata } = await openCheckpoint(file, { ...(beside && { structure: beside }) })
    if (network !== undefined) return { model: await network(), metadata, close }
  } catch (error) {
    await close()
    throw error
  }
  await close()
  if (structure === undefined) return null
  throw new CommandError(
    `--structure ${structure}: ${path} is of a format whose weights have no file of structure`,
  )
}

/** The classifier that a file of weights holds; see openGraph. */
export async function openFileNetwork(path: string, structure?: string): Promise<FileNetwork | null> {
  const open = await openGraph(path, structure)
  if (open === null) return null
  try {
    return await classifierOf(await createGraphNetwork(open.model), open.model, path, open.metadata)
  } finally {
    await open.close()
  }
}

async function classifierOf(
  graph: GraphNetwork,
  model: GraphModel,
  path: string,
  metadata: Readonly<Record<string, string>>,
): Promise<FileNetwork> {
  const [input, ...others] = graph.inputs
  if (input === undefined || others.length > 0) {
    throw new CommandError(
      `${path}: its network takes ${graph.inputs.length} inputs; a classifier of images takes one`,
    )
  }
  const { outputNames } = graph
  const inAProgram = 'in a program, createGraphNetwork of ocelli/onnx runs it'
  if (outputNames.length !== 1) {
    throw new CommandError(
      `${path}: its network gives ${outputNames.length} outputs (${outputNames.join(', ')}); a classifier of images gives one; ${inAProgram}`,
    )
  }
  const [batch, channels, height, width] = input.shape ?? []
  const numberOr = <T>(size: number | string | null | undefined, otherwise: T): number | T =>
    typeof size === 'number' ? size : otherwise
  const network = new FileClassifier(graph, numberOr(batch, null), endsInSoftmax(model))
  network.eval()
  const inputSize =
    typeof height === 'number' && typeof width === 'number' ? ([height, width] as const) : null
  const count = numberOr(channels, 3)
  const tried = noGrad(() =>
    network.forward(zeros([numberOr(batch, 1), count, ...(inputSize ?? [224, 224])])),
  )
  return { network, outputs: tried.shape[1]!, inputSize, channels: count, metadata }
}

/** Runs a graph on batches of any size, and gives logits. */
class FileClassifier extends Module {
  readonly graph: GraphNetwork
  readonly #batch: number | null
  readonly #probabilities: boolean

  /** @param batch The batch that the graph is fixed to, or null. */
  constructor(graph: GraphNetwork, batch: number | null, probabilities: boolean) {
    super()
    this.graph = graph
    this.#batch = batch
    this.#probabilities = probabilities
  }

  override forward(images: Tensor): Tensor {
    const count = images.shape[0]!
    const step = this.#batch ?? count
    if (count % step !== 0) {
      throw new CommandError(`the file's network takes ${step} images at a time; give --batch-size ${step}`)
    }
    const parts = Array.from({ length: count / step }, (_, i) =>
      this.graph.forward(images.narrow(0, i * step, step)).flatten(1),
    )
    const scores = parts.length === 1 ? parts[0]! : concat(parts, 0)
    // The softmax of these is what the file's softmax gave.
    return this.#probabilities ? scores.clamp(1e-30, 1).log() : scores
  }
}

/** Operators that leave the order and the values of scores as they are. */
const passing = new Set([
  'Identity',
  'Flatten',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Cast',
  'Clip',
])

function endsInSoftmax({ graph }: GraphModel): boolean {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  let node = makers.get(graph.outputs[0]?.name ?? '')
  while (node !== undefined && passing.has(node.op)) node = makers.get(node.inputs[0] ?? '')
  return node?.op === 'Softmax'
}

/**
 * How a file's network is fed where neither the file nor the user says more: ImageNet's mean and deviation, the image's
 * central square.
 */
export function usualPreprocessing({ inputSize, channels }: FileNetwork): Preprocessing {
  return {
    inputSize: inputSize ?? 224,
    ...(inputSize === null && { resize: 256 }),
    channels,
    mean: channels === 3 ? [0.485, 0.456, 0.406] : new Array<number>(channels).fill(0.5),
    std: channels === 3 ? [0.229, 0.224, 0.225] : new Array<number>(channels).fill(0.5),
  }
}
