import { CheckpointError, copyAgain } from './errors.ts'
import { type RandomAccess, requireSibling } from './random-access.ts'
import { openSafetensors, type SafetensorsFile } from './safetensors.ts'
import type { StoredTensor } from './state-dict.ts'

/** No index of real weights comes near these. */
const maxIndexBytes = 64 << 20
const maxShards = 4096

/** Whether a file that begins with these bytes can be an index of shards: a JSON object. */
export function looksLikeShardIndex(start: Uint8Array): boolean {
  return /^\s*\{\s*"/.test(String.fromCharCode(...start.subarray(0, 64)))
}

/**
 * Opens weights that are divided over several safetensors files by their index, `model.safetensors.index.json` as the Hugging Face
 * hub has it: JSON whose `weight_map` names for each tensor the file that holds it, in the same folder. The headers of all
 * files are read and checked, the values are not. The files are opened by `openShard`, which is given bare file names; unless
 * given, as siblings of the index. Throws a CheckpointError.
 */
export async function openShardedSafetensors(
  index: RandomAccess,
  openShard?: (name: string) => Promise<RandomAccess>,
): Promise<SafetensorsFile> {
  const map = parseIndex(await readIndex(index), index.name)
  if (openShard === undefined && index.sibling === undefined) {
    throw new CheckpointError(
      index.name,
      'an index of safetensors shards, which are other files; open the index as a file or by its URL, beside them',
    )
  }
  const tensors = new Map<string, StoredTensor>()
  const metadata: Record<string, string> = {}
  const shards = new Map<string, SafetensorsFile>()
  for (const name of new Set(map.values())) {
    const open = openShard ?? ((shard: string) => requireSibling(index, shard, 'a shard'))
    const shard = await openSafetensors(await open(name))
    shards.set(name, shard)
    Object.assign(metadata, shard.metadata)
  }
  for (const [tensor, file] of map) {
    const stored = shards.get(file)!.tensors.get(tensor)
    if (stored === undefined) {
      throw new CheckpointError(
        index.name,
        `says that ${file} holds ${JSON.stringify(tensor)}, which it does not`,
        undefined,
        { advice: `${copyAgain}, with its shards` },
      )
    }
    tensors.set(tensor, stored)
  }
  return { metadata, tensors }
}

/** The names of the shards that an index refers to. Throws a CheckpointError. */
export async function shardNames(index: RandomAccess): Promise<string[]> {
  return [...new Set(parseIndex(await readIndex(index), index.name).values())]
}

async function readIndex(index: RandomAccess): Promise<Uint8Array> {
  if (index.size > maxIndexBytes) {
    throw new CheckpointError(
      index.name,
      `begins like an index of shards, but has ${index.size} bytes, and at most ${maxIndexBytes} are allowed`,
    )
  }
  return index.read(0, index.size)
}

function parseIndex(bytes: Uint8Array, file: string): Map<string, string> {
  const fail = (what: string): never => {
    throw new CheckpointError(file, `no index of safetensors shards: ${what}`)
  }
  let root: unknown
  try {
    root = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    fail(`it is not JSON (${(error as Error).message})`)
  }
  const weightMap = (root as { weight_map?: unknown } | null)?.weight_map
  if (typeof weightMap !== 'object' || weightMap === null || Array.isArray(weightMap)) {
    return fail('it is JSON without a weight_map')
  }
  const map = new Map<string, string>()
  for (const [tensor, name] of Object.entries(weightMap)) {
    if (typeof name !== 'string' || !isBareName(name)) {
      return fail(
        `${JSON.stringify(tensor)} would be in ${JSON.stringify(name)}, which names no file beside it`,
      )
    }
    if (!name.endsWith('.safetensors')) return fail(`${JSON.stringify(name)} is no .safetensors file`)
    map.set(tensor, name)
  }
  if (map.size === 0) fail('its weight_map is empty')
  if (new Set(map.values()).size > maxShards) fail(`it names more than ${maxShards} files`)
  return map
}

/** A file name that cannot lead out of its folder. */
function isBareName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be in a name
  return name.length <= 255 && /^[^/\\:?#%\x00-\x1f]+$/.test(name) && !name.startsWith('.')
}
