import { CheckpointError } from '../errors.ts'
import { boxKinds } from './box-kinds.ts'
import type { DarknetConfig, DarknetSection } from './config.ts'
import { darknetLimits, defined, Entries } from './entries.ts'
import { layerKinds, type SectionKind, type WrittenEntries } from './layer-kinds.ts'

type Type = DarknetSection['type']

const kinds = { ...layerKinds, ...boxKinds } as unknown as Readonly<Record<Type, SectionKind<Type>>>

/** Other words for layers in files. */
const aliases: Readonly<Record<string, Type>> = {
  conv: 'convolutional',
  conn: 'connected',
  max: 'maxpool',
  avg: 'avgpool',
  local_avg: 'local_avgpool',
  lrn: 'normalization',
  soft: 'softmax',
  silence: 'empty',
  Gaussian_yolo: 'gaussian_yolo',
}

/** Layers with a memory of what came before, which networks of images do without. */
const recurrent: readonly string[] = ['rnn', 'gru', 'lstm', 'crnn', 'conv_lstm', 'history']

const maxLength = 2 ** 24

function sectionsOf(text: string, file: string): Entries[] {
  if (text.length > maxLength) {
    throw new CheckpointError(file, `a configuration of ${text.length} characters is none of Darknet's`)
  }
  const sections: Entries[] = []
  for (const [i, line] of text.split(/\r\n|\r|\n/).entries()) {
    const content = line.replace(/[#;].*/, '').replace(/\s/g, '')
    if (content === '') continue
    const heading = /^\[(.+)\]$/.exec(content)
    if (heading) {
      sections.push(new Entries(file, heading[1]!, i + 1))
      if (sections.length > darknetLimits.sections) {
        throw new CheckpointError(file, `has more than ${darknetLimits.sections} sections`)
      }
      continue
    }
    const equals = content.indexOf('=')
    const current = sections.at(-1)
    if (equals < 1 || current === undefined) {
      throw new CheckpointError(
        file,
        `line ${i + 1} is neither [section] nor key=value: '${line.trim().slice(0, 80)}'`,
      )
    }
    current.set(content.slice(0, equals), content.slice(equals + 1))
  }
  return sections
}

function sectionOf(entries: Entries): DarknetSection {
  const type = Object.hasOwn(aliases, entries.type) ? aliases[entries.type]! : entries.type
  if (recurrent.includes(type)) {
    throw entries.error('recurrent layers are not supported: such a network is none of images')
  }
  if (!Object.hasOwn(kinds, type)) {
    throw entries.error(`there are no such layers here, but ${Object.keys(kinds).join(', ')}`)
  }
  const section = kinds[type as Type].read(entries)
  return defined({ type, ...section, other: entries.rest() }) as unknown as DarknetSection
}

/**
 * Reads the text of a Darknet .cfg file, of Redmon's Darknet or of AlexeyAB's: the layers of image classifiers and of the
 * detectors YOLO v1 to v7. Entries that no layer needs, such as those of training, are kept as they are in `other`. Throws
 * a CheckpointError with the line of a section that it does not know, or that has a wrong entry.
 * @param name What messages call it, such as the path of the file.
 */
export function parseDarknetConfig(text: string, name = 'parseDarknetConfig'): DarknetConfig {
  const [net, ...layers] = sectionsOf(text, name)
  if (net === undefined || (net.type !== 'net' && net.type !== 'network')) {
    throw new CheckpointError(name, 'the first section must be [net]: it is no .cfg file of Darknet')
  }
  const { side, channels } = darknetLimits
  const width = net.count('width', undefined, 1, side)
  const height = net.count('height', undefined, 1, side)
  return defined({
    width,
    height,
    channels: net.count('channels', 3, 1, channels),
    sections: layers.map(sectionOf),
    letterBox: net.flag('letter_box') ? true : undefined,
    other: net.rest(),
  })
}

const fileNames: Readonly<Partial<Record<Type, string>>> = { gaussian_yolo: 'Gaussian_yolo' }

function written(heading: string, entries: WrittenEntries): string {
  const lines = Object.entries(entries)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${Array.isArray(value) ? value.join(',') : value}\n`)
  return `[${heading}]\n${lines.join('')}`
}

/** The text of a .cfg file that `parseDarknetConfig` and Darknet itself read as this configuration. */
export function formatDarknetConfig(config: DarknetConfig): string {
  const { width, height, channels, letterBox, other } = config
  const net = { ...other, width, height, channels, letter_box: letterBox ? 1 : undefined }
  const sections = config.sections.map((section) => {
    const entries = kinds[section.type].write(section)
    return written(fileNames[section.type] ?? section.type, { ...entries, ...section.other })
  })
  return [written('net', net), ...sections].join('\n')
}
