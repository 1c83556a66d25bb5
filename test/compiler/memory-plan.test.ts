import { describe, expect, it } from 'vitest'
import { planMemory } from '../../src/compiler/memory-plan.ts'
import type { Instruction } from '../../src/compiler/program.ts'
import { add, at, loop, matmul, relu } from '../support/instructions.ts'

/** Slots 0 and 1 are external. */
const plan = (instructions: readonly Instruction[], bytes: Readonly<Record<number, number>>) =>
  planMemory(instructions, (slot) => bytes[slot])

describe('planMemory', () => {
  it('gives values that live at the same time places of their own, aligned', () => {
    const instructions = [
      matmul(0, 1, 2, [5, 5, 5]),
      matmul(0, 1, 3, [5, 5, 5]),
      loop([25], [at(2), at(3)], at(1), [add(2, 0, 1)]),
    ]
    const { offsets, arenaBytes, liveBytes } = plan(instructions, { 2: 100, 3: 100 })
    expect([offsets.get(2), offsets.get(3)].sort()).toEqual([0, 128])
    expect([arenaBytes, liveBytes]).toEqual([256, 256])
    expect(offsets.has(0)).toBe(false)
  })

  it('gives the place of a value that is no longer needed to another', () => {
    const chain = [
      matmul(0, 1, 2, [4, 4, 4]),
      matmul(2, 1, 3, [4, 4, 4]),
      matmul(3, 1, 4, [4, 4, 4]),
      matmul(4, 1, 0, [4, 4, 4]),
    ]
    const { offsets, arenaBytes, liveBytes } = plan(chain, { 2: 64, 3: 64, 4: 64 })
    expect([arenaBytes, liveBytes]).toEqual([128, 128])
    expect(offsets.get(4)).toBe(offsets.get(2))
    expect(offsets.get(3)).not.toBe(offsets.get(2))
  })

  it('lets a loop write where it reads for the last time', () => {
    const instructions = [
      matmul(0, 1, 2, [4, 4, 4]),
      loop([16], [at(2)], at(3), [relu(1, 0)]),
      matmul(3, 1, 0, [4, 4, 4]),
    ]
    const { offsets, arenaBytes } = plan(instructions, { 2: 64, 3: 64 })
    expect(offsets.get(3)).toBe(offsets.get(2))
    expect(arenaBytes).toBe(64)
  })

  it('unless it reads elsewhere, the value is still needed, or is of another size', () => {
    const product = matmul(0, 1, 2, [4, 4, 4])
    const read = matmul(3, 1, 0, [4, 4, 4])
    const transposed = loop([4, 4], [at(2, [1, 4])], at(3, [4, 1]), [relu(1, 0)])
    expect(plan([product, transposed, read], { 2: 64, 3: 64 }).arenaBytes).toBe(128)
    const relued = loop([16], [at(2)], at(3), [relu(1, 0)])
    expect(plan([product, relued, matmul(2, 1, 0, [4, 4, 4]), read], { 2: 64, 3: 64 }).arenaBytes).toBe(128)
    expect(plan([product, relued, read], { 2: 64, 3: 256 }).arenaBytes).toBe(320)
  })

  it('fills the smallest gap that fits', () => {
    const copy = (from: number, to: number): Instruction => matmul(from, 1, to, [1, 1, 1])
    // 2 (large), 3 and 4 (small) live throughout but for 3, whose gap 5 takes.
    const instructions = [
      copy(0, 2),
      copy(0, 3),
      copy(0, 4),
      copy(3, 0),
      copy(0, 5),
      copy(5, 0),
      copy(4, 0),
      copy(2, 0),
    ]
    const { offsets, arenaBytes, liveBytes } = plan(instructions, { 2: 640, 3: 128, 4: 64, 5: 64 })
    expect(offsets.get(5)).toBe(offsets.get(3))
    expect([arenaBytes, liveBytes]).toEqual([832, 832])
  })
})
