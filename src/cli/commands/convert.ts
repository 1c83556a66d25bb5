import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { savePyTorch, saveSafetensors } from '../../weights/file.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { fittedNetwork } from '../fitted-network.ts'
import { parseModelOptions } from '../model-options.ts'
import { descriptionMetadata, networkOptions, readWeights } from '../network.ts'
import { counted } from '../progress.ts'
import { localFile } from '../weight-files.ts'

/** What writes a file, by its extension. */
const writers: Readonly<Record<string, typeof saveSafetensors>> = {
  '.safetensors': saveSafetensors,
  '.pth': savePyTorch,
  '.pt': savePyTorch,
  '.th': savePyTorch,
}

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
    key: {
      kind: 'text',
      placeholder: 'name',
      description: 'which entry of a PyTorch file holds the weights, such as ema; searched unless given',
    },
    json: { kind: 'flag', description: 'prints JSON' },
  },
  details: [
    `The new file's extension says its format: ${Object.keys(writers).join(', ')}. The other one is told by its content. ` +
      'Values and element types stay as they are, bit for bit. What a training checkpoint knows of its network (its name, its ' +
      'options, its classes and how images are prepared) goes with the weights; optimizers and the like do not.',
  ],
  examples: [
    'ocelli convert resnet18-f37072fd.pth resnet18.safetensors',
    'ocelli convert run/best.safetensors best.pth --model resnet18',
    'ocelli convert checkpoint.pth ema.safetensors --key ema',
  ],
  run: async ([from, to, ...more], { model, modelOption, key, json }) => {
    if (from === undefined || to === undefined || more.length > 0) {
      throw new UsageError('convert takes two files: the one to read and the one to write')
    }
    const extension = extname(to).toLowerCase()
    const save = Object.hasOwn(writers, extension) ? writers[extension] : undefined
    if (save === undefined) {
      throw new UsageError(
        `${to}: its extension names no format to write; these do: ${Object.keys(writers).join(', ')}`,
      )
    }
    const { tensors, description, metadata, leftOut } = await readWeights(await localFile(from), key)
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
      await save(to, written, { ...metadata, ...own })
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
