import { formatSummary, summary } from '../../models/index.ts'
import type { Json } from '../../weights/index.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { createNetwork } from '../fitted-network.ts'
import { metadataOf, parseModelOptions } from '../model-options.ts'
import { networkOptions } from '../network.ts'

export const summaryCommand: Command = defineCommand({
  name: 'summary',
  summary: 'Shows the layers of a network with shapes, parameters, work and memory',
  usage: '<network>',
  options: {
    input: {
      kind: 'text',
      placeholder: 'BxCxHxW',
      description: "the input's shape; the network's own unless given",
    },
    classes: {
      kind: 'number',
      placeholder: 'n',
      minimum: 1,
      integer: true,
      description: 'number of classes',
    },
    modelOption: networkOptions.modelOption,
    json: { kind: 'flag', description: 'prints JSON' },
  },
  examples: [
    'ocelli summary resnet18',
    'ocelli summary mobilenet_v2 --model-option widthMult=0.5',
    'ocelli summary lenet5 --input 1x1x32x32 --json',
  ],
  run: async ([name, ...more], { input, classes, modelOption, json }) => {
    if (name === undefined || more.length > 0)
      throw new UsageError('summary takes one network; ocelli list names them')
    const { preprocessing } = metadataOf(name)
    const options: { readonly [key: string]: Json } = {
      ...parseModelOptions(modelOption),
      ...(classes !== undefined && { numClasses: classes }),
    }
    const { inputSize, channels = 3 } = preprocessing
    const [height, width] = typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize
    const shape =
      input === undefined
        ? [1, options.inChannels ?? channels, height, width].map(Number)
        : input.split('x').map(Number)
    if (shape.length !== 4 || shape.some((d) => !Number.isInteger(d) || d < 1)) {
      throw new UsageError(`--input is a shape such as 1x3x224x224; got '${input}'`)
    }
    const model = await createNetwork(name, options)
    model.eval()
    try {
      const result = summary(model, shape)
      console.log(json ? JSON.stringify({ name, ...result }, null, 2) : `${name}\n${formatSummary(result)}`)
    } catch (error) {
      throw new CommandError(
        `${name} does not take an input of ${shape.join('x')}: ${(error as Error).message}`,
      )
    }
  },
})
