import { dirname } from 'node:path'
import { type HubOptions, isRemote, type RemoteFile, resolveReference } from '../../hub/index.ts'
import {
  type CachedFile,
  cachedPath,
  findCached,
  hubFolder,
  listCache,
  removeCached,
} from '../../hub/node.ts'
import { hasModel, type WeightEntry } from '../../models/index.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { metadataOf } from '../model-options.ts'
import { counted } from '../progress.ts'
import { chosenFor, download, formatBytes } from '../weight-files.ts'

interface Flags {
  readonly all: boolean
  readonly json: boolean
}

type Action = (args: readonly string[], flags: Flags) => Promise<void>

const actions: Readonly<Record<string, Action>> = { list, path, download: downloadAll, remove }

export const weightsCommand: Command = defineCommand({
  name: 'weights',
  summary: 'Lists, downloads and removes published weights',
  usage: '<list|path|download|remove> [network] [tag]',
  options: {
    all: { kind: 'flag', description: 'remove: everything that has been downloaded' },
    json: { kind: 'flag', description: 'prints JSON' },
  },
  details: [
    'list shows what has been downloaded, and with a network its weights by tag. path prints the folder of downloads, or with a ' +
      'network or an address where its file is, or would be: what cannot be downloaded here can be put there by hand. ' +
      'remove takes a network, with or without a tag, an address, or the name of a file.',
    'The folder is OCELLI_HOME, or the cache folder that is usual on the system. OCELLI_OFFLINE=1 uses what is there; OCELLI_MIRROR ' +
      'and HF_ENDPOINT name mirrors; HF_TOKEN opens private and gated repositories of the Hugging Face hub.',
  ],
  examples: [
    'ocelli weights list resnet50',
    'ocelli weights download resnet50 a1_in1k',
    'ocelli weights download hf:timm/resnet18.a1_in1k',
    'ocelli weights remove resnet50',
  ],
  run: async ([action = 'list', ...args], flags) => {
    const run = actions[action]
    if (run === undefined) {
      throw new UsageError(`weights takes ${Object.keys(actions).join(', ')}; got '${action}'`)
    }
    if (args.length > 2)
      throw new UsageError(`weights ${action} takes a network and a tag; got ${args.join(' ')}`)
    await run(args, flags)
  },
})

async function list(args: readonly string[], { json }: Flags): Promise<void> {
  if (args[0] === undefined) return listDownloaded(json)
  const { weights } = metadataOf(args[0])
  const rows = await Promise.all(
    weights.map(async (entry) => {
      const { file, why } = remoteOf(args[0]!, entry)
      const cached = file === null ? null : await findCached(file)
      return {
        tag: entry.tag,
        bytes: entry.bytes ?? null,
        top1: entry.top1 ?? null,
        licence: entry.licence,
        url: entry.url,
        path: cached,
        why,
      }
    }),
  )
  if (json) {
    console.log(JSON.stringify(rows, null, 2))
    return
  }
  if (rows.length === 0) throw new CommandError(`${args[0]} has no published weights`)
  const width = Math.max(...rows.map(({ tag }) => tag.length), 3)
  console.log(`${'tag'.padEnd(width)}  top-1       size  licence`)
  for (const { tag, bytes, top1, licence, path: cached, why } of rows) {
    const size = bytes === null ? '' : formatBytes(bytes)
    const columns = [tag.padEnd(width), (top1?.toFixed(1) ?? '').padStart(5), size.padStart(9), licence]
    const state = why !== null ? 'not by name' : cached === null ? '' : 'downloaded'
    console.log([...columns, ...(state ? [state] : [])].join('  '))
  }
}

/** The file of published weights, or why it cannot be loaded by name. */
function remoteOf(name: string, { tag }: WeightEntry): { file: RemoteFile | null; why: string | null } {
  try {
    const { file } = chosenFor(name, tag)
    return typeof file === 'string' ? { file: null, why: 'a file of this machine' } : { file, why: null }
  } catch (error) {
    return { file: null, why: (error as Error).message }
  }
}

async function listDownloaded(json: boolean): Promise<void> {
  const files = await listCache(hubFolder())
  if (json) {
    console.log(JSON.stringify(files, null, 2))
    return
  }
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const width = Math.max(...files.map(({ name }) => name.length), 4)
  for (const { name, bytes, downloaded, url } of files) {
    const when = downloaded?.slice(0, 10) ?? 'broken off'
    console.log(`${name.padEnd(width)}  ${formatBytes(bytes).padStart(9)}  ${when.padEnd(10)}  ${url}`)
  }
  console.log(`${counted(files.length, 'file')}, ${formatBytes(total)}, in ${hubFolder()}`)
}

async function path(args: readonly string[]): Promise<void> {
  if (args[0] === undefined) {
    console.log(hubFolder())
    return
  }
  const file = fileOf(args)
  const cached = await findCached(file)
  if (cached === null) console.error(`not downloaded yet, from ${file.url}`)
  console.log(cached ?? cachedPath(file))
}

async function downloadAll(args: readonly string[]): Promise<void> {
  const options: HubOptions = {}
  console.log(await download(fileOf(args), options))
}

/** What a network with or without a tag, or an address, stands for. */
function fileOf([what, tag = 'default']: readonly string[]): RemoteFile {
  if (what === undefined) throw new UsageError('which weights? give a network, or an address')
  if (isRemote(what)) return resolveReference(what)
  const { file } = chosenFor(metadataOf(what) && what, tag)
  if (typeof file === 'string') throw new UsageError(`${file}: is not published; give a tag`)
  return file
}

async function remove([what, tag]: readonly string[], { all }: Flags): Promise<void> {
  const files = await listCache(hubFolder())
  const chosen = all ? files : files.filter(await choice(what, tag))
  if (chosen.length === 0) {
    throw new CommandError(
      `nothing of ${all ? 'any weights' : `'${what}'`} has been downloaded (ocelli weights list)`,
    )
  }
  for (const file of chosen) await removeCached(file)
  const bytes = chosen.reduce((sum, file) => sum + file.bytes, 0)
  console.log(`removed ${counted(chosen.length, 'file')}, ${formatBytes(bytes)}`)
}

async function choice(
  what: string | undefined,
  tag: string | undefined,
): Promise<(file: CachedFile) => boolean> {
  if (what === undefined)
    throw new UsageError('remove takes a network, an address or a file; --all takes everything')
  if (!isRemote(what) && !hasModel(what)) return ({ name, path: own }) => name === what || own === what
  const files = isRemote(what)
    ? [resolveReference(what)]
    : tag !== undefined
      ? [fileOf([what, tag])]
      : metadataOf(what).weights.flatMap((entry) => remoteOf(what, entry).file ?? [])
  // With an index go its shards.
  const folders = new Set(
    files.flatMap((file) =>
      [file.url, ...(file.alternatives ?? [])].map((url) => dirname(cachedPath({ url }))),
    ),
  )
  return (file) => folders.has(dirname(file.path))
}
