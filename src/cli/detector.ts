import { createDarknet, DarknetDetector } from '../models/darknet-network.ts'
import { classLabels, type Network } from '../models/index.ts'
import { loadStateDictFile, readDarknetConfig } from '../weights/file.ts'
import type { StateDict } from '../weights/index.ts'
import { CommandError, type ListOption, type TextOption, UsageError } from './command.ts'
import { createNetwork, loadInto } from './fitted-network.ts'
import { labelText, readLabels } from './labels.ts'
import { parseModelOptions } from './model-options.ts'
import { networkOptions } from './network.ts'

export const cfgOption: TextOption = {
  kind: 'text',
  placeholder: 'file',
  description: 'a Darknet .cfg file, which says what the numbers of .weights are',
}

export const detectorOptions: {
  readonly cfg: TextOption
  readonly model: TextOption
  readonly weights: TextOption
  readonly modelOption: ListOption
  readonly labels: TextOption
} = {
  cfg: cfgOption,
  model: {
    ...networkOptions.model,
    description: 'in place of --cfg: a network of the registry that gives boxes',
  },
  weights: { ...networkOptions.weights, description: 'Darknet .weights, safetensors, .pth, .pt or .th' },
  modelOption: networkOptions.modelOption,
  labels: networkOptions.labels,
}

export interface DetectorFlags {
  readonly cfg: string | undefined
  readonly model: string | undefined
  readonly weights: string | undefined
  readonly modelOption: readonly string[]
  readonly labels: string | undefined
}

/** The network that the flags name, with its weights, and the names of its classes. */
export async function loadDetector(
  flags: DetectorFlags,
): Promise<{ network: DarknetDetector; labels: readonly string[] }> {
  const { cfg, model, weights } = flags
  if ((cfg === undefined) === (model === undefined)) {
    throw new UsageError(
      'which network? give --cfg FILE, a Darknet configuration, or --model NAME (ocelli list), not both',
    )
  }
  if (weights === undefined) {
    throw new UsageError(
      'which weights? give --weights FILE: Darknet .weights, safetensors, .pth, .pt or .th',
    )
  }
  if (cfg !== undefined) {
    const config = await readDarknetConfig(cfg)
    // Before the network is made: the file bounds how large it can be.
    const { tensors } = await loadStateDictFile(weights, { darknet: config })
    return ready(createDarknet(config), cfg, tensors, flags)
  }
  const network = await createNetwork(model!, parseModelOptions(flags.modelOption))
  const darknet = network instanceof DarknetDetector ? { darknet: network.config } : {}
  const { tensors } = await loadStateDictFile(weights, darknet)
  return ready(network, model!, tensors, flags)
}

async function ready(
  network: Network,
  name: string,
  tensors: StateDict,
  flags: DetectorFlags,
): Promise<{ network: DarknetDetector; labels: readonly string[] }> {
  if (!(network instanceof DarknetDetector)) {
    throw new CommandError(
      `${name}: gives no boxes that detect can draw; yolov3, yolov3-tiny and yolov4 do, among others`,
    )
  }
  loadInto(network, tensors, flags.weights!, name)
  network.eval()
  return { network, labels: await labelsFor(network.numClasses, flags) }
}

async function labelsFor(
  count: number,
  { labels: file, weights }: DetectorFlags,
): Promise<readonly string[]> {
  const labels = file !== undefined ? await readLabels(file) : count === 80 ? await classLabels('coco') : null
  if (labels !== null && labels.length !== count) {
    throw new CommandError(`${file ?? weights}: names ${labels.length} classes, but the network has ${count}`)
  }
  return Array.from({ length: count }, (_, i) => labels?.[i]?.name ?? labelText(null, i))
}
