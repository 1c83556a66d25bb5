import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { DarknetClassifier, DarknetDetector } from '../../models/darknet-network.ts'
import {
  readDarknetConfig,
  saveDarknet,
  savePyTorch,
  saveSafetensors,
  writeFileAtomic,
} from '../../weights/file.ts'
import { type DarknetConfig, darknetSeenKey, formatDarknetConfig } from '../../weights/index.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { cfgOption } from '../detector.ts'
import { parseModelOptions } from '../model-options.ts'
import {
  buildNetwork,
  createNetwork,
  descriptionMetadata,
  loadInto,
  networkOptions,
  readWeights,
} from '../network.ts'
import { counted } from '../progress.ts'

/** What writes a file, by its extension. */
const writers: Readonly<Record<string, typeof saveSafetensors>> = {
  '.safetensors': saveSafetensors,
  '.pth': savePyTorch,
  '.pt': savePyTorch,
  '.th': savePyTorch,
}

const darknetExtension = '.weights'

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
    `The new file's extension says its format: ${[...Object.keys(writers), darknetExtension].join(', ')}. The other one is told by its content. ` +
      'Values and element types stay as they are, bit for bit. What a training checkpoint knows of its network (its name, its ' +
      'options, its classes and how images are prepared) goes with the weights; optimizers and the like do not.',
    'Numbers in Darknet .weights have no names: --cfg, or --model with a network of Darknet, says which they are, whichever way ' +
      'they go. With --model the configuration is written beside the weights, where there is none.',
  ],
  examples: [
    'ocelli convert resnet18-f37072fd.pth resnet18.safetensors',
    'ocelli convert run/best.safetensors best.pth --model resnet18',
    'ocelli convert checkpoint.pth ema.safetensors --key ema',
    'ocelli convert yolov4-tiny.weights yolov4-tiny.safetensors --cfg yolov4-tiny.cfg',
    'ocelli convert yolov3.safetensors yolov3.weights --model yolov3',
  ],
  run: async ([from, to, ...more], { model, modelOption, cfg, layers, key, json }) => {
    if (from === undefined || to === undefined || more.length > 0) {
      throw new UsageError('convert takes two files: the one to read and the one to write')
    }
    const extension = extname(to).toLowerCase()
    const writesDarknet = extension === darknetExtension
    const save = Object.hasOwn(writers, extension) ? writers[extension] : undefined
    if (save === undefined && !writesDarknet) {
      const all = [...Object.keys(writers), darknetExtension]
      throw new UsageError(`${to}: its extension names no format to write; these do: ${all.join(', ')}`)
    }
    if (layers !== undefined && !writesDarknet) throw new UsageError('--layers is for .weights files alone')
    const darknet = await darknetConfigOf(cfg, model, modelOption)
    if (writesDarknet && darknet === undefined) {
      throw new UsageError(`${to}: which network? give --cfg FILE, or --model with a network of Darknet`)
    }
    const { tensors, description, metadata, leftOut } = await readWeights(from, key, darknet)
    let written = tensors
    if (model !== undefined) {
      const options = {
        ...(description?.model === model && description.options),
        ...parseModelOptions(modelOption),
      }
      const { network } = await buildNetwork(model, options, tensors)
      loadInto(network, tensors, from, model)
      // As they were stored, with their own element types, and not as the network holds them.
      const renamed = new Map([...tensors].map(([name, tensor]) => [network.renameKey(name), tensor]))
      written = new Map(
        [...network.stateDict().keys()].flatMap((name) => {
          const tensor = renamed.get(name)
          return tensor === undefined ? [] : [[name, tensor]]
        }),
      )
    }
    const own = description === null ? {} : descriptionMetadata(description)
    try {
      if (save !== undefined) await save(to, written, { ...metadata, ...own })
      else {
        await saveDarknet(to, darknet!, written, {
          ...(layers !== undefined && { layers }),
          ...(/^\d{1,19}$/.test(metadata[darknetSeenKey] ?? '') && {
            seen: BigInt(metadata[darknetSeenKey]!),
          }),
        })
        if (cfg === undefined) await writeConfig(to, darknet!)
      }
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

/** The network that the flags name, where it is one of Darknet's. */
async function darknetConfigOf(
  cfg: string | undefined,
  model: string | undefined,
  modelOption: readonly string[],
): Promise<DarknetConfig | undefined> {
  if (cfg !== undefined) return readDarknetConfig(cfg)
  if (model === undefined) return undefined
  const network = await createNetwork(model, parseModelOptions(modelOption))
  return network instanceof DarknetClassifier || network instanceof DarknetDetector
    ? network.config
    : undefined
}

/** Writes the configuration beside the weights, where there is none. */
async function writeConfig(weights: string, config: DarknetConfig): Promise<void> {
  const path = weights.slice(0, -darknetExtension.length) + '.cfg'
  const exists = await stat(path).then(
    () => true,
    () => false,
  )
  if (exists) return
  await writeFileAtomic(path, [new TextEncoder().encode(formatDarknetConfig(config))])
  console.error(`${path}: its configuration`)
}
