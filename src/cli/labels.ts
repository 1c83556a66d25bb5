import { readFile } from 'node:fs/promises'
import {
  type ClassLabel,
  classLabels,
  type LabelSet,
  type ModelMetadata,
  type WeightEntry,
} from '../models/index.ts'
import { CommandError } from './command.ts'

/** A file with one class a line, in the order of the network's outputs: a name, or a WordNet id with or without one. */
export async function readLabels(path: string): Promise<readonly ClassLabel[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new CommandError(`${path}: cannot be read as a list of classes (${(error as Error).message})`)
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const wordNet = /^(n\d{8})(?:[\s,]+(.+))?$/.exec(line)
      return wordNet ? { id: wordNet[1]!, name: wordNet[2] ?? wordNet[1]! } : { id: line, name: line }
    })
}

export function labelsOf(names: readonly string[]): readonly ClassLabel[] {
  return names.map((name) => ({ id: name, name }))
}

/** The classes of published weights, or those usual for a network, if it has as many outputs. */
export async function publishedLabels(
  from: WeightEntry | ModelMetadata,
  numClasses: number,
): Promise<readonly ClassLabel[] | null> {
  const set = 'classes' in from ? from.classes : usualSet(from)
  if (set === null) return null
  const labels = await classLabels(set)
  return labels.length === numClasses ? labels : null
}

/** ImageNet's classes for as many outputs, or for one more, which stands for the background; null for other counts. */
export async function imageNetLabels(outputs: number): Promise<readonly ClassLabel[] | null> {
  const labels = await classLabels('imagenet-1k')
  if (outputs === labels.length) return labels
  return outputs === labels.length + 1 ? [{ id: 'background', name: 'background' }, ...labels] : null
}

function usualSet({ weights, numClasses }: ModelMetadata): LabelSet | null {
  return weights[0]?.classes ?? (numClasses === 1000 ? 'imagenet-1k' : null)
}

/** What a class is called: its name, with its id where that says more. */
export function labelText(labels: readonly ClassLabel[] | null, index: number): string {
  const label = labels?.[index]
  if (!label) return `class ${index}`
  return label.id === label.name ? label.name : `${label.name} (${label.id})`
}

/**
 * For each class of a data set its index among the network's outputs. Equal numbers of classes with unrelated names are
 * taken to be in one order; anything else that does not match is an error.
 */
export function matchClasses(
  dataset: readonly string[],
  network: readonly ClassLabel[] | null,
  outputs: number,
): Int32Array {
  const byId = new Map((network ?? []).map(({ id }, i) => [id, i]))
  const byName = new Map((network ?? []).map(({ name }, i) => [name.toLowerCase(), i]))
  const found = dataset.map((name) => byId.get(name) ?? byName.get(name.toLowerCase().replaceAll('_', ' ')))
  if (found.every((index) => index !== undefined)) return Int32Array.from(found)
  if (dataset.length === outputs && found.every((index) => index === undefined)) {
    return Int32Array.from(dataset, (_, i) => i)
  }
  const unknown = dataset.filter((_, i) => found[i] === undefined)
  const which = `${unknown.slice(0, 5).join(', ')}${unknown.length > 5 ? ', …' : ''}`
  throw new CommandError(
    `the data has ${dataset.length} classes and the network ${outputs} outputs; these are none of its classes: ${which}. ` +
      '--labels FILE tells what its outputs stand for',
  )
}
