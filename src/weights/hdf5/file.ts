import { CheckpointError, copyAgain } from '../errors.ts'
import type { RandomAccess } from '../random-access.ts'
import { readStrings } from './attributes.ts'
import { type Dataset, openDataset } from './dataset.ts'
import { isGroup, type Links, readLinks } from './groups.ts'
import { type Message, readMessages } from './object-header.ts'
import { damaged, type Hdf5Source, readerAt, unsupported } from './reader.ts'

/** A group of an HDF5 file. Members and attributes are read when they are asked for, and once. */
export interface Group {
  /** From the root; '' for the root itself. */
  readonly path: string
  readonly source: Hdf5Source
  /** Names of the members. */
  names(): Promise<readonly string[]>
  /** A member, by its name or its path below the group; undefined where there is none. */
  get(path: string): Promise<Group | Dataset | undefined>
  /** The strings of an attribute; undefined where there is none of that name, or none of text. */
  strings(attribute: string): Promise<readonly string[] | undefined>
}

/** Whether a member of a group is a group. */
export function isGroupMember(member: Group | Dataset | undefined): member is Group {
  return member !== undefined && 'names' in member
}

/** Opens an HDF5 file: its root group. Throws a CheckpointError. */
export async function openHdf5(access: RandomAccess): Promise<Group> {
  const first = { access, addressBytes: 8, lengthBytes: 8 }
  const start = await readerAt(first, 0, Math.min(access.size, 128), 'superblock')
  start.expect('\x89HDF\r\n\x1a\n')
  const version = start.unsigned(1)
  if (version > 3) throw unsupported(first, `version ${version} of HDF5`)
  if (version < 2) start.skip(4)
  const source = { access, addressBytes: start.unsigned(1), lengthBytes: start.unsigned(1) }
  if (![2, 4, 8].includes(source.addressBytes) || ![2, 4, 8].includes(source.lengthBytes)) {
    throw damaged(
      source,
      `addresses of ${source.addressBytes} and lengths of ${source.lengthBytes} bytes`,
      13,
    )
  }
  const rest = await readerAt(source, start.position, start.left, 'superblock')
  // Sizes of B-tree nodes, flags.
  rest.skip([9, 13, 1, 1][version]!)
  const base = rest.address()
  rest.address()
  checkEnd(source, rest.address())
  if (base !== 0) throw unsupported(source, 'an HDF5 file inside of another file')
  if (version < 2) rest.skip(2 * source.addressBytes)
  const root = rest.address() ?? rest.fail('there is no root group')
  return openGroup(source, '', await readMessages(source, root))
}

function checkEnd(source: Hdf5Source, end: number | null): void {
  const { name, size } = source.access
  if (end === null || end <= size) return
  throw new CheckpointError(name, `truncated: the file says that it ends at byte ${end}`, size, {
    advice: copyAgain,
  })
}
/** Paths are short; longer ones are groups that contain themselves. */
const maxDepth = 64

function openGroup(source: Hdf5Source, path: string, messages: readonly Message[]): Group {
  let links: Promise<Links> | undefined
  const getLinks = (): Promise<Links> => {
    links ??= readLinks(source, messages)
    return links
  }
  const members = new Map<string, Promise<Group | Dataset>>()
  const child = async (name: string): Promise<Group | Dataset | undefined> => {
    const address = (await getLinks()).get(name)
    if (address === undefined) return undefined
    const childPath = path === '' ? name : `${path}/${name}`
    const known = members.get(name)
    const member = known ?? openMember(source, childPath, address)
    members.set(name, member)
    return member
  }
  return {
    path,
    source,
    names: async () => [...(await getLinks()).keys()],
    strings: (attribute) => readStrings(source, messages, attribute),
    async get(below) {
      const [name, ...rest] = below.split('/').filter((part) => part !== '')
      if (name === undefined || rest.length > maxDepth) return undefined
      const member = await child(name)
      if (rest.length === 0) return member
      return isGroupMember(member) ? member.get(rest.join('/')) : undefined
    },
  }
}

async function openMember(source: Hdf5Source, path: string, address: number): Promise<Group | Dataset> {
  const messages = await readMessages(source, address)
  return isGroup(messages) ? openGroup(source, path, messages) : openDataset(source, messages, path)
}
