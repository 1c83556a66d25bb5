import { type ModelMetadata, modelMetadata } from '../models/index.ts'
import type { Json } from '../weights/index.ts'
import { UsageError } from './command.ts'

/** The metadata of a network of the registry; an unknown name is an error of the command line. */
export function metadataOf(name: string): ModelMetadata {
  try {
    return modelMetadata(name)
  } catch (error) {
    throw new UsageError((error as Error).message.replace('listModels() has', 'ocelli list shows'))
  }
}

/** `key=value` pairs as an object: numbers, true, false and JSON are read as such, the rest is text. */
export function parseModelOptions(pairs: readonly string[]): { [key: string]: Json } {
  const options: { [key: string]: Json } = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) throw new UsageError(`--model-option takes key=value, such as numClasses=10; got '${pair}'`)
    options[pair.slice(0, at)] = readValue(pair.slice(at + 1))
  }
  return options
}

function readValue(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
