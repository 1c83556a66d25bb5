import { describe, expect, it } from 'vitest'
import { philox4x32 } from '../../src/graph/philox.ts'
import { Generator } from '../../src/tensor/index.ts'

function blocks(counter: number[], key: number[], count: number): number[] {
  const out = new Uint32Array(Math.ceil(count / 2) * 8)
  philox4x32(counter, key, out)
  return [...out.subarray(0, 4 * count)]
}

describe('Philox', () => {
  // The known answers of Random123, the reference implementation.
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      '408f276d 41c83b0e a20bc7c6 6d5451fd',
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ])('maps counter %j and key %j to the published words', (counter, key, words) => {
    const hexadecimal = blocks(counter, key, 1).map((word) => word.toString(16).padStart(8, '0'))
    expect(hexadecimal.join(' ')).toBe(words)
  })

  it('counts in 64 bits', () => {
    const key = [7, 8]
    const run = blocks([0xfffffffd, 4, 5, 6], key, 6)
    const single = [0xfffffffd, 0xfffffffe, 0xffffffff, 0, 1, 2].flatMap((low, i) =>
      blocks([low, i < 3 ? 4 : 5, 5, 6], key, 1),
    )
    expect(run).toEqual(single)
  })
})

/** A generator that has given `position` words. */
function at(position: number): Generator {
  return Generator.fromState({ seed: 2 ** 40 + 3, stream: 9, position })
}

describe('Generator', () => {
  it.each([0, 1, 2, 3, 63, 2 ** 34 - 5])(
    'fills arrays with what single calls give, from position %i',
    (start) => {
      const [one, many] = [at(start), at(start)]
      const values = new Float64Array(9001)
      many.fillUniform(values, -2, 5)
      expect(values).toEqual(Float64Array.from({ length: 9001 }, () => one.uniform(-2, 5)))
      expect(many.state()).toEqual(one.state())
      expect(many.word()).toBe(one.word())
    },
  )

  it.each([0, 1, 2, 3, 61])('takes both normal numbers of each pair of words, from position %i', (start) => {
    const [one, many] = [at(start), at(start)]
    const values = new Float64Array(9001)
    many.fillNormal(values, 3, 2)
    for (let i = 0; i < values.length; i += 2) {
      const u = ((one.word() | 1) >>> 0) / 2 ** 32
      const angle = (2 * Math.PI * one.word()) / 2 ** 32
      const radius = Math.sqrt(-2 * Math.log(u))
      expect(values[i]).toBeCloseTo(3 + 2 * radius * Math.cos(angle), 6)
      if (i + 1 < values.length) expect(values[i + 1]).toBeCloseTo(3 + 2 * radius * Math.sin(angle), 6)
    }
    expect(many.state().position).toBe(start + 9002)
    expect(values[0]).toBe(at(start).normal(3, 2))
    expect(values[9000]).toBe(at(start + 9000).normal(3, 2))
  })

  it('goes on where its state was taken', () => {
    const generator = at(0)
    generator.fillNormal(new Float32Array(5))
    generator.word()
    const state = generator.state()
    const following = Array.from({ length: 100 }, () => generator.normal())
    const restored = Generator.fromState(JSON.parse(JSON.stringify(state)))
    expect(Array.from({ length: 100 }, () => restored.normal())).toEqual(following)
    generator.restore(state)
    expect(Array.from({ length: 100 }, () => generator.normal())).toEqual(following)
  })

  it('splits off generators with numbers of their own', () => {
    const draw = (generator: Generator): number[] => Array.from({ length: 4 }, () => generator.word())
    const [parent, again] = [at(0), at(0)]
    const first = draw(parent.split())
    const second = draw(parent.split())
    expect(draw(again.split())).toEqual(first)
    expect(second).not.toEqual(first)
    expect(parent.state().position).toBe(8)
    expect(draw(parent)).toEqual(draw(at(8)))
  })

  it('has no number for the logarithm of 0', () => {
    const values = new Float64Array(1 << 20)
    at(0).fillNormal(values)
    expect(values.every(Number.isFinite)).toBe(true)
  })

  it('draws normal numbers of a pair and of neighbouring pairs independently', () => {
    const values = new Float64Array(400_000)
    at(0).fillNormal(values)
    for (const distance of [1, 2, 3, 4, 8]) {
      let product = 0
      let squares = 0
      for (let i = 0; i + distance < values.length; i++) {
        product += values[i]! * values[i + distance]!
        squares += (values[i]! ** 2 - 1) * (values[i + distance]! ** 2 - 1)
      }
      // Five standard deviations of a sum of products of independent numbers.
      expect(Math.abs(product)).toBeLessThan(5 * Math.sqrt(values.length))
      expect(Math.abs(squares)).toBeLessThan(5 * 2 * Math.sqrt(values.length))
    }
  })
})
