import { describe, expect, it } from 'vitest'
import {
  builtInConvCosts,
  type ConvCosts,
  type ConvWork,
  chooseConvAlgorithm,
} from '../../src/compiler/target.ts'

function chosen(
  channels: number,
  side: number,
  images: number,
  changes: Partial<ConvWork> = {},
  costs: ConvCosts = builtInConvCosts,
): string {
  return chooseConvAlgorithm(
    {
      direction: 'forward',
      geometry: { kernel: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 },
      outChannels: channels,
      inChannels: channels,
      images,
      height: side,
      width: side,
      sameSize: true,
      packed: true,
      ...changes,
    },
    costs,
  )
}

describe('the algorithm of a convolution', () => {
  it('is the larger Winograd tile where there are pixels enough to pay for its weights', () => {
    expect(chosen(64, 56, 1)).toBe('winogradF4')
    expect(chosen(128, 28, 1)).toBe('winogradF4')
    expect(chosen(512, 7, 8)).toBe('winogradF4')
  })

  it('is the smaller tile where reading the weights takes the time', () => {
    expect(chosen(512, 7, 1)).toBe('winogradF2')
  })

  it('is a matrix product for few channels and for anything but 3 x 3 kernels of stride 1', () => {
    expect(chosen(64, 224, 1, { inChannels: 3 })).toBe('implicitGemm')
    expect(chosen(64, 1, 1)).toBe('implicitGemm')
    const geometry = { kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 1 } as const
    expect(chosen(64, 56, 1, { geometry })).toBe('implicitGemm')
    expect(chosen(64, 56, 1, { geometry: { ...geometry, stride: [1, 1], dilation: [2, 2] } })).toBe(
      'implicitGemm',
    )
    expect(
      chosen(64, 56, 1, { geometry: { ...geometry, kernel: [1, 1], stride: [1, 1], padding: [0, 0] } }),
    ).toBe('pointwise')
    expect(chosen(64, 56, 1, { geometry: { ...geometry, groups: 64 } })).toBe('depthwise')
  })

  it('is another where the machine is', () => {
    const transforms = { winogradF2Transform: 1e3, winogradF4Transform: 1e4 }
    expect(chosen(64, 56, 1, {}, { ...builtInConvCosts, ...transforms })).toBe('implicitGemm')
    expect(chosen(512, 7, 1, {}, { ...builtInConvCosts, streamed: 0.1 })).toBe('winogradF4')
  })

  it('is a Winograd tile for both gradients as well', () => {
    for (const direction of ['inputGrad', 'weightGrad'] as const) {
      expect(chosen(64, 32, 64, { direction, packed: false })).toBe('winogradF4')
      expect(chosen(512, 4, 64, { direction, packed: false })).toBe('winogradF4')
    }
  })
})
