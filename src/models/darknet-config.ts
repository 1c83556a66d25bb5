/** What follows a convolution or a shortcut; 'leaky' has slope 0.1, 'logistic' is the sigmoid. */
export type DarknetActivation = 'linear' | 'leaky' | 'relu' | 'mish' | 'swish' | 'logistic'

/**
 * One layer of a Darknet network. Layers that take the outputs of others name them as Darknet does: by their place, or
 * counted back from their own where negative.
 */
export type DarknetSection =
  | {
      readonly type: 'convolutional'
      readonly filters: number
      readonly size: number
      readonly stride: number
      readonly padding: number
      readonly groups: number
      readonly batchNormalize: boolean
      readonly activation: DarknetActivation
    }
  /** `padding` is that of both sides together; an odd one's last pixel goes to the right and the bottom. */
  | { readonly type: 'maxpool'; readonly size: number; readonly stride: number; readonly padding: number }
  /** The mean of the whole map. */
  | { readonly type: 'avgpool' }
  | { readonly type: 'upsample'; readonly stride: number }
  | { readonly type: 'dropout'; readonly probability: number }
  /** Concatenates layers' channels: of each the part `groupId` of `groups` equal ones. */
  | {
      readonly type: 'route'
      readonly layers: readonly number[]
      readonly groups: number
      readonly groupId: number
    }
  /** Adds a layer's output to that of the one before: as many channels as both have. */
  | { readonly type: 'shortcut'; readonly from: number; readonly activation: DarknetActivation }
  | {
      readonly type: 'yolo'
      /** The sizes [width, height] in pixels of this scale's boxes. */
      readonly anchors: readonly (readonly [number, number])[]
      readonly classes: number
      /** By how much a centre's reach exceeds its cell; 1 in YOLOv3. */
      readonly scaleXY: number
    }
  | { readonly type: 'softmax' }

export interface DarknetConfig {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly sections: readonly DarknetSection[]
  /**
   * The place of the last layer before the head; unless given, that before the pooling of a classifier, or before the first
   * layer of a detector that scales up or gives boxes.
   */
  readonly backbone?: number
}

const activations: readonly string[] = ['linear', 'leaky', 'relu', 'mish', 'swish', 'logistic']

/** The entries of one section of a file, which are to be asked for by name. */
class Entries {
  readonly type: string
  readonly line: number
  readonly #values = new Map<string, string>()

  constructor(type: string, line: number) {
    this.type = type
    this.line = line
  }

  error(problem: string): Error {
    return new Error(`parseDarknetConfig: [${this.type}] of line ${this.line}: ${problem}`)
  }

  set(key: string, value: string): void {
    this.#values.set(key, value)
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  number(key: string, standard?: number): number {
    const text = this.#values.get(key)
    const value = text === undefined ? standard : Number(text)
    if (value === undefined) throw this.error(`needs ${key}`)
    if (text === '' || !Number.isFinite(value)) throw this.error(`${key} must be a number, got '${text}'`)
    return value
  }

  numbers(key: string): number[] {
    const text = this.#values.get(key)
    if (text === undefined) throw this.error(`needs ${key}`)
    return text.split(',').map((part) => {
      const value = Number(part)
      if (part.trim() === '' || !Number.isFinite(value)) {
        throw this.error(`${key} must be numbers between commas, got '${text}'`)
      }
      return value
    })
  }

  activation(standard: DarknetActivation): DarknetActivation {
    const text = this.#values.get('activation') ?? standard
    if (!activations.includes(text)) {
      throw this.error(`there is no activation '${text}'; there are ${activations.join(', ')}`)
    }
    return text as DarknetActivation
  }
}

const readers: Readonly<Record<DarknetSection['type'], (entries: Entries) => DarknetSection>> = {
  convolutional: (entries) => {
    const size = entries.number('size', 1)
    return {
      type: 'convolutional',
      filters: entries.number('filters', 1),
      size,
      stride: entries.number('stride', 1),
      padding: entries.number('pad', 0) ? Math.floor(size / 2) : entries.number('padding', 0),
      groups: entries.number('groups', 1),
      batchNormalize: entries.number('batch_normalize', 0) !== 0,
      activation: entries.activation('logistic'),
    }
  },
  maxpool: (entries) => {
    const stride = entries.number('stride', 1)
    const size = entries.number('size', stride)
    return { type: 'maxpool', size, stride, padding: entries.number('padding', size - 1) }
  },
  avgpool: () => ({ type: 'avgpool' }),
  upsample: (entries) => ({ type: 'upsample', stride: entries.number('stride', 2) }),
  dropout: (entries) => ({ type: 'dropout', probability: entries.number('probability', 0.5) }),
  route: (entries) => ({
    type: 'route',
    layers: entries.numbers('layers'),
    groups: entries.number('groups', 1),
    groupId: entries.number('group_id', 0),
  }),
  shortcut: (entries) => ({
    type: 'shortcut',
    from: entries.number('from'),
    activation: entries.activation('linear'),
  }),
  yolo: (entries) => {
    const sizes = entries.numbers('anchors')
    const mask = entries.has('mask') ? entries.numbers('mask') : [...Array(sizes.length / 2).keys()]
    return {
      type: 'yolo',
      anchors: mask.map((i) => {
        const [width, height] = [sizes[2 * i], sizes[2 * i + 1]]
        if (width === undefined || height === undefined)
          throw entries.error(`mask ${i} is not in the anchors`)
        return [width, height] as const
      }),
      classes: entries.number('classes', 20),
      scaleXY: entries.number('scale_x_y', 1),
    }
  },
  softmax: () => ({ type: 'softmax' }),
}

/**
 * Reads the text of a Darknet .cfg file: the layers of image classifiers and YOLO detectors. Throws an Error with the line of
 * a section that it does not know, or that has a wrong entry. Entries that matter in training alone are passed over.
 */
export function parseDarknetConfig(text: string): DarknetConfig {
  const sections: Entries[] = []
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const content = line.replace(/[#;].*/, '').replace(/\s/g, '')
    if (content === '') continue
    const heading = /^\[(.+)\]$/.exec(content)
    if (heading) {
      sections.push(new Entries(heading[1]!, i + 1))
      continue
    }
    const equals = content.indexOf('=')
    const current = sections.at(-1)
    if (equals < 1 || current === undefined) {
      throw new Error(
        `parseDarknetConfig: line ${i + 1} is neither [section] nor key=value: '${line.trim()}'`,
      )
    }
    current.set(content.slice(0, equals), content.slice(equals + 1))
  }
  const [net, ...layers] = sections
  if (net === undefined || (net.type !== 'net' && net.type !== 'network')) {
    throw new Error('parseDarknetConfig: the first section must be [net]')
  }
  return {
    width: net.number('width'),
    height: net.number('height'),
    channels: net.number('channels', 3),
    sections: layers.map((entries) => {
      if (!Object.hasOwn(readers, entries.type)) {
        throw entries.error(`there are no such layers here, but ${Object.keys(readers).join(', ')}`)
      }
      return readers[entries.type as DarknetSection['type']](entries)
    }),
  }
}
