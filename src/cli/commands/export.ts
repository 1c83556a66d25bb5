import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Network } from '../../models/index.ts'
import { checkOpset } from '../../onnx/export-opset.ts'
import { type ExportOptions, exportOnnx, FixedBatchError, type GraphModel } from '../../onnx/index.ts'
import { evaluationTransform, type Preprocessing } from '../../transforms/index.ts'
import { saveOnnx } from '../../weights/file.ts'
import type { Json } from '../../weights/index.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { createNetwork, darknetLayout, fittedNetwork, withEntryOptions } from '../fitted-network.ts'
import { labelsOf, publishedLabels, readLabels } from '../labels.ts'
import { metadataOf, parseModelOptions } from '../model-options.ts'
import {
  type Description,
  descriptionMetadata,
  type KnownWeights,
  knownOf,
  networkOptions,
  readWeights,
} from '../network.ts'
import { counted } from '../progress.ts'
import { version } from '../version.ts'
import { locateWeights } from '../weight-files.ts'

export const exportCommand: Command = defineCommand({
  name: 'export',
  summary: 'Writes a network as an ONNX file, which other programs run',
  usage: '<network> <file.onnx>',
  options: {
    weights: networkOptions.weights,
    modelOption: networkOptions.modelOption,
    labels: networkOptions.labels,
    opset: {
      kind: 'number',
      placeholder: 'n',
      integer: true,
      default: 17,
      description: "the version of ONNX's operator set, 13 to 21",
    },
    inputSize: {
      kind: 'text',
      placeholder: 'n or HxW',
      description: "height and width of the images; the weights' own unless given",
    },
    batch: {
      kind: 'text',
      placeholder: 'n',
      default: 'dynamic',
      description: 'images at once, or dynamic for any number',
    },
    batchNorm: {
      kind: 'choice',
      choices: ['fused', 'plain'],
      default: 'fused',
      description: 'whether batch normalization goes into the weights of the layers before it',
    },
    training: { kind: 'flag', description: 'the network as it trains: batch statistics, dropout' },
    externalData: { kind: 'flag', description: 'puts the weights into a file of their own, as above 2 GiB' },
    json: { kind: 'flag', description: 'prints JSON' },
  },
  details: [
    'Images go in as float32 [batch, channels, height, width], prepared as the weights want it. What is known of the network ' +
      '(its name, its options, its classes, how images are prepared) goes into the file, so that ocelli predict --weights FILE.onnx ' +
      'needs to be told nothing. Without --weights they are drawn anew, as the last line says; --weights default takes those published.',
  ],
  examples: [
    'ocelli export resnet50 resnet50.onnx --weights default',
    'ocelli export mobilenet_v2 mobile.onnx --weights run/best.safetensors --batch 1 --opset 13',
    'ocelli export lenet5 lenet.onnx --training',
  ],
  run: async ([name, path, ...more], flags) => {
    if (name === undefined || path === undefined || more.length > 0) {
      throw new UsageError('export takes a network and the file to write, such as resnet50.onnx')
    }
    if (!/\.onnx$/i.test(path)) throw new UsageError(`${path}: ONNX files end in .onnx`)
    await exportNetwork(name, path, flags)
  },
})

/** Writes the network of that name, with its weights, as the flags say. */
export async function exportNetwork(name: string, path: string, flags: ExportFlags): Promise<void> {
  // Before anything is downloaded.
  const batch = batchFrom(flags.batch)
  const asked = flags.inputSize === undefined ? null : sizeFrom(flags.inputSize)
  try {
    checkOpset(flags.opset)
  } catch (error) {
    throw new UsageError(`--opset: ${(error as Error).message}`)
  }
  const { network, options, known, metadata } = await prepared(name, flags)
  const { inputSize, channels = 3 } = known.preprocessing
  const size = asked ?? pairOf(inputSize)
  // The network says itself how many channels it takes, where an option did.
  const inputShape = [batch ?? 1, Number(options.inChannels ?? channels), ...size]
  const model = await exported(name, network, {
    inputShape,
    opset: flags.opset,
    dynamicBatch: batch === null,
    batchNorm: flags.batchNorm === 'plain' ? 'plain' : 'fused',
    training: flags.training,
    metadata,
    name,
    producer: `ocelli ${version()}`,
  })
  const files = await saveOnnx(path, model, flags.externalData ? { threshold: 1024 } : {})
  await report(model, files, flags.weights === undefined, flags.json)
}

export interface ExportFlags {
  readonly weights: string | undefined
  readonly modelOption: readonly string[]
  readonly labels: string | undefined
  readonly inputSize: string | undefined
  readonly opset: number
  readonly batch: string
  readonly batchNorm: string
  readonly training: boolean
  readonly externalData: boolean
  readonly json: boolean
}

/** What export does unless told otherwise. */
export const usualExport: ExportFlags = {
  weights: undefined,
  modelOption: [],
  labels: undefined,
  inputSize: undefined,
  opset: 17,
  batch: 'dynamic',
  batchNorm: 'fused',
  training: false,
  externalData: false,
  json: false,
}

interface Prepared {
  readonly network: Network
  readonly options: { readonly [key: string]: Json }
  readonly known: Pick<KnownWeights, 'own' | 'preprocessing'>
  readonly metadata: Readonly<Record<string, string>>
}

/** The network with its weights, and what the file is to say of both. */
async function prepared(name: string, flags: ExportFlags): Promise<Prepared> {
  const registered = metadataOf(name)
  const asked = parseModelOptions(flags.modelOption)
  const { network, options, known } =
    flags.weights === undefined
      ? {
          network: await createNetwork(name, asked),
          options: asked,
          known: { own: null, entry: null, preprocessing: registered.preprocessing },
        }
      : await withWeights(name, asked, flags.weights)
  const labels =
    flags.labels !== undefined
      ? await readLabels(flags.labels)
      : known.own?.classes
        ? labelsOf(known.own.classes)
        : await publishedLabels(known.entry ?? registered, network.numClasses)
  if (labels !== null && labels.length !== network.numClasses) {
    throw new CommandError(
      `${flags.labels ?? flags.weights}: names ${labels.length} classes, but ${name} has ${network.numClasses} outputs`,
    )
  }
  const preprocessing: Preprocessing =
    flags.inputSize === undefined
      ? known.preprocessing
      : { ...known.preprocessing, inputSize: sizeFrom(flags.inputSize) }
  const classes = labels?.map((label) => label.name) ?? null
  const description: Description = {
    model: name,
    options,
    classes,
    preprocessing: known.own?.preprocessing ?? evaluationTransform(preprocessing).describe(),
  }
  const metadata = {
    model: name,
    ...(classes !== null && { classes: JSON.stringify(classes) }),
    preprocessing: JSON.stringify(preprocessing),
    ...descriptionMetadata(description),
  }
  return { network, options, known: { own: known.own, preprocessing }, metadata }
}

async function withWeights(
  name: string,
  asked: { readonly [key: string]: Json },
  weights: string,
): Promise<Pick<Prepared, 'network' | 'options'> & { readonly known: KnownWeights }> {
  const located = await locateWeights(weights, name)
  const layout = await darknetLayout(located.path, name, asked)
  const { tensors, description } = await readWeights(located.path, undefined, layout)
  const known = await knownOf(name, description, located)
  const given = withEntryOptions(name, known.entry, { ...known.own?.options, ...asked })
  const { network, inferred } = await fittedNetwork(name, given, tensors, located.path)
  return { network, known, options: inferred ? { ...given, numClasses: network.numClasses } : given }
}

async function exported(name: string, network: Network, options: ExportOptions): Promise<GraphModel> {
  try {
    return await exportOnnx(network, options)
  } catch (error) {
    if (error instanceof FixedBatchError) {
      throw new CommandError(
        `${name}: ${error.message.replace(/; export it with.*$/, '')}; give --batch a number`,
      )
    }
    if (error instanceof RangeError || (error as Error).name === 'ShapeError') {
      throw new CommandError(`${name}: ${(error as Error).message}`)
    }
    throw error
  }
}

async function report(
  model: GraphModel,
  files: readonly string[],
  fresh: boolean,
  json: boolean,
): Promise<void> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  const { graph, opset } = model
  if (json) {
    const described = { opset, inputs: graph.inputs, outputs: graph.outputs, nodes: graph.nodes.length }
    const written = files.map((file, i) => ({ file, bytes: sizes[i] }))
    console.log(JSON.stringify({ files: written, freshWeights: fresh, ...described }, null, 2))
    return
  }
  for (const [i, file] of files.entries()) console.log(`${file}: ${(sizes[i]! / 1e6).toFixed(1)} MB`)
  console.log(
    `opset ${opset}, ${counted(graph.nodes.length, 'node')}${fresh ? '; the weights are drawn anew: --weights default takes those published, --weights FILE others' : ''}`,
  )
  for (const [kind, values] of [
    ['input', graph.inputs],
    ['output', graph.outputs],
  ] as const) {
    for (const { name, type, shape } of values) console.log(`${kind} ${name}: ${type} [${shape?.join(', ')}]`)
  }
  const [path] = files
  console.log(
    `in Node: (await InferenceSession.create('${basename(path!)}')).run({ ${graph.inputs[0]!.name}: images })`,
  )
}

const pairOf = (size: Preprocessing['inputSize']): readonly [number, number] =>
  typeof size === 'number' ? [size, size] : size

function sizeFrom(text: string): readonly [number, number] {
  const sides = text.split('x').map(Number)
  const [height, width = height] = sides
  if (sides.length <= 2 && [height, width].every((side) => Number.isInteger(side) && side! >= 1)) {
    return [height!, width!]
  }
  throw new UsageError(`--input-size is one number or HEIGHTxWIDTH, such as 224 or 192x256; got '${text}'`)
}

/** Null for any number of images. */
function batchFrom(text: string): number | null {
  if (text === 'dynamic') return null
  const batch = Number(text)
  if (Number.isInteger(batch) && batch >= 1) return batch
  throw new UsageError(`--batch is a number of images from 1 on, or dynamic; got '${text}'`)
}
