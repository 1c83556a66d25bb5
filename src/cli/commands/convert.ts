import { stat } from 'node:fs/promises'
import { readDarknetConfig, saveOnnx, writeFileAtomic } from '../../weights/file.ts'
import { formats, writerFor, writtenExtensions } from '../../weights/formats.ts'
import { type DarknetConfig, formatDarknetConfig } from '../../weights/index.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { cfgOption } from '../detector-network.ts'
import { openGraph } from '../file-network.ts'
import { createNetwork, fittedNetwork } from '../fitted-network.ts'
import { parseModelOptions } from '../model-options.ts'
import { descriptionMetadata, networkOptions, readWeights } from '../network.ts'
import { counted } from '../progress.ts'
import { localFile } from '../weight-files.ts'
import { exportNetwork, usualExport } from './export.ts'

export const convert: Command = defineCommand({
  name: 'convert',
  summary: 'Writes the weights of a file in another format',
  usage: '<from> <to>',
  options: {
    model: {
      kind: 'text',
      placeholder: 'name',
      description: "checks that the weights fit this network, and writes them under its parameters' names",
    },
    modelOption: networkOptions.modelOption,
    structure: networkOptions.structure,
    cfg: { ...cfgOption, description: `${cfgOption.description}; for reading or writing such a file` },
    layers: {
      kind: 'number',
      placeholder: 'n',
      minimum: 1,
      integer: true,
      description: 'writes the first so many layers of a .weights file, as darknet53.conv.74 has 75',
    },
    key: {
      kind: 'text',
      placeholder: 'name',
      description: 'which entry of a PyTorch file holds the weights, such as ema; searched unless given',
    },
    json: { kind: 'flag', description: 'prints JSON' },
  },
  details: [
    `The new file's extension says its format: ${writtenExtensions().join(', ')}. The other one is told by its content. ` +
      'Values and element types stay as they are, bit for bit. What a training checkpoint knows of its network (its name, its ' +
      'options, its classes and how images are prepared) goes with the weights; optimizers and the like do not.',
    'Numbers in Darknet .weights have no names: --cfg, or --model with a network of Darknet, or the .cfg beside a file that is read, ' +
      'says which they are. With --model the configuration is written beside the weights, where there is none.',
  ],
  examples: [
    'ocelli convert resnet18-f37072fd.pth resnet18.safetensors',
    'ocelli convert run/best.safetensors best.pth --model resnet18',
    'ocelli convert checkpoint.pth ema.safetensors --key ema',
    'ocelli convert yolov4-tiny.weights yolov4-tiny.safetensors --cfg yolov4-tiny.cfg',
    'ocelli convert yolov3.safetensors yolov3.weights --model yolov3',
    'ocelli convert mobilenet.tflite mobilenet.onnx',
  ],
  run: async ([from, to, ...more], { model, modelOption, structure, cfg, layers, key, json }) => {
    if (from === undefined || to === undefined || more.length > 0) {
      throw new UsageError('convert takes two files: the one to read and the one to write')
    }
    const format = writerFor(to)
    if (format?.write == null) {
      throw new UsageError(
        `${to}: its extension names no format to write; these do: ${writtenExtensions().join(', ')}`,
      )
    }
    if (format === formats.onnx) {
      await toOnnx(await localFile(from), to, { model, modelOption, structure, key, json })
      return
    }
    const config = await darknetConfigOf(cfg, model, modelOption)
    if (layers !== undefined && config === undefined) {
      throw new UsageError(
        '--layers is for .weights files: give --cfg FILE, or --model with a network of Darknet',
      )
    }
    if (format === formats.darknet && config === undefined) {
      throw new UsageError(`${to}: which network? give --cfg FILE, or --model with a network of Darknet`)
    }
    const { tensors, description, metadata, leftOut } = await readWeights(await localFile(from), key, config)
    let written = tensors
    if (model !== undefined) {
      const options = {
        ...(description?.model === model && description.options),
        ...parseModelOptions(modelOption),
      }
      const { network, state } = await fittedNetwork(model, options, tensors, from)
      // As they were stored, with their own element types, and not as the network holds them.
      written = new Map(
        [...network.stateDict().keys()].flatMap((name) => {
          const tensor = state.tensors.get(name)
          return tensor === undefined ? [] : [[name, tensor]]
        }),
      )
    }
    const own = description === null ? {} : descriptionMetadata(description)
    try {
      const { chunks } = await format.write({
        tensors: written,
        metadata: { ...metadata, ...own },
        ...(config && { darknet: { config, ...(layers !== undefined && { layers }) } }),
      })
      await writeFileAtomic(to, chunks)
      if (format === formats.darknet && cfg === undefined) await writeConfig(to, config!)
    } catch (error) {
      if (error instanceof RangeError) throw new CommandError(`${to}: ${error.message}`)
      throw error
    }
    const { size } = await stat(to)
    if (json) {
      console.log(JSON.stringify({ from, to, tensors: written.size, bytes: size, leftOut }, null, 2))
      return
    }
    console.log(`${to}: ${counted(written.size, 'tensor')}, ${(size / 1e6).toFixed(1)} MB`)
    if (leftOut.length > 0) console.log(`left out: ${leftOut.join(', ')}`)
  },
})

/** Writes a network: the file's own, or that of the registry to which its weights belong. */
async function toOnnx(
  from: string,
  to: string,
  flags: {
    readonly model: string | undefined
    readonly modelOption: readonly string[]
    readonly structure: string | undefined
    readonly key: string | undefined
    readonly json: boolean
  },
): Promise<void> {
  const own = flags.model === undefined ? await openGraph(from, flags.structure) : null
  if (own === null) {
    const name = flags.model ?? (await readWeights(from, flags.key)).description?.model
    if (name === undefined) {
      throw new UsageError(
        `${from}: holds weights alone, and does not say of which network; add --model NAME (ocelli list)`,
      )
    }
    const { modelOption, json } = flags
    await exportNetwork(name, to, { ...usualExport, weights: from, modelOption, json })
    return
  }
  try {
    const files = await saveOnnx(to, own.model)
    const bytes = (await Promise.all(files.map((file) => stat(file)))).reduce(
      (sum, { size }) => sum + size,
      0,
    )
    const { nodes, initializers } = own.model.graph
    if (flags.json) {
      console.log(JSON.stringify({ from, to, tensors: initializers.size, bytes, leftOut: [] }, null, 2))
      return
    }
    const counts = `${counted(nodes.length, 'node')}, ${counted(initializers.size, 'tensor')}`
    console.log(`${to}: ${counts}, ${(bytes / 1e6).toFixed(1)} MB`)
  } finally {
    await own.close()
  }
}

/** The network that the flags name, where it is one of Darknet's. */
async function darknetConfigOf(
  cfg: string | undefined,
  model: string | undefined,
  modelOption: readonly string[],
): Promise<DarknetConfig | undefined> {
  if (cfg !== undefined) return readDarknetConfig(cfg)
  if (model === undefined) return undefined
  return (await createNetwork(model, parseModelOptions(modelOption))).fileLayout().darknet
}

/** Writes the configuration beside the weights, where there is none. */
async function writeConfig(weights: string, config: DarknetConfig): Promise<void> {
  const path = `${weights.replace(/\.weights$/i, '')}.cfg`
  const exists = await stat(path).then(
    () => true,
    () => false,
  )
  if (exists) return
  await writeFileAtomic(path, [new TextEncoder().encode(formatDarknetConfig(config))])
  console.error(`${path}: its configuration`)
}
