import { expect } from 'vitest'
import { bytesAccess, type Checkpoint, CheckpointError, type RandomAccess } from '../../src/weights/index.ts'

/** Files in memory that stand in one folder. */
export function folderOf(files: Readonly<Record<string, Uint8Array>>): (name: string) => RandomAccess {
  const open = (name: string): RandomAccess => ({
    ...bytesAccess(files[name]!, name),
    sibling: async (other) => (files[other] === undefined ? null : open(other)),
  })
  return open
}

/** Copies of a file that end at every fiftieth of it, and copies in which up to four bytes are others. */
export function* damagedCopies(bytes: Uint8Array, mutations: number): Iterable<Uint8Array> {
  for (let i = 0; i < 50; i++) yield bytes.slice(0, Math.floor((bytes.length * i) / 50))
  let state = 1
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return Math.floor((state / 0x80000000) * below)
  }
  for (let i = 0; i < mutations; i++) {
    const copy = bytes.slice()
    for (let k = random(4); k >= 0; k--) copy[random(copy.length)] = random(256)
    yield copy
  }
}

/**
 * Whether a file is read, with all its tensors and its network, or refused by a CheckpointError within a second.
 * Everything else fails the test.
 */
export async function readsOrRefuses(open: () => Promise<Checkpoint>): Promise<'read' | 'refused'> {
  const start = performance.now()
  let result: 'read' | 'refused'
  try {
    const checkpoint = await open()
    for (const tensor of checkpoint.tensors.values()) await tensor.read()
    await checkpoint.network!()
    result = 'read'
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    expect((error as Error).message.length).toBeLessThan(1000)
    result = 'refused'
  }
  expect(performance.now() - start).toBeLessThan(1000)
  return result
}
