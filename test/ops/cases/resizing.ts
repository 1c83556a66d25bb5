import * as F from '../../../src/nn/functional/index.ts'
import { type CaseTable, type OpCase, tensorTrial } from '../../support/op-case.ts'

function resizing(mode: F.InterpolationMode, options: { readonly antialias?: boolean } = {}): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const space =
        mode === 'linear' ? 1 : mode === 'trilinear' ? 3 : mode === 'area' ? random.integer(1, 3) : 2
      const images = random.floats([
        random.integer(1, random.tiny ? 2 : 5),
        random.dimension(5),
        ...Array.from({ length: space }, () => random.dimension(13)),
      ])
      const aligns = mode !== 'nearest' && mode !== 'nearestExact' && mode !== 'area'
      const size = Array.from({ length: space }, () => random.integer(1, random.tiny ? 5 : 17))
      const scaleFactor = Array.from({ length: space }, () => random.pick([1, 1.05, 1.5, 2, 2.3]))
      const target = random.chance(0.7) ? { size } : { scaleFactor }
      const alignCorners = aligns && random.chance()
      return tensorTrial([images], (x) => F.interpolate(x!, { ...target, ...options, mode, alignCorners }))
    },
  }
}

function gridSample(mode: NonNullable<F.GridSampleOptions['mode']>): OpCase {
  return {
    gradient: true,
    draw: (random) => {
      const n = random.integer(1, 3)
      const x = random.floats([n, random.dimension(4), random.dimension(7) + 1, random.dimension(7) + 1])
      const grid = random.floats([n, random.dimension(5), random.dimension(5), 2], -1.4, 1.4)
      const paddingMode = random.pick(['zeros', 'border', 'reflection'] as const)
      const alignCorners = random.chance()
      return tensorTrial([x, grid], (image, at) =>
        F.gridSample(image!, at!, { mode, paddingMode, alignCorners }),
      )
    },
  }
}

export const resizingCases: CaseTable = {
  'interpolate, nearest': resizing('nearest'),
  'interpolate, nearestExact': resizing('nearestExact'),
  'interpolate, linear': resizing('linear'),
  'interpolate, bilinear': resizing('bilinear'),
  'interpolate, trilinear': resizing('trilinear'),
  'interpolate, bicubic': resizing('bicubic'),
  'interpolate, area': resizing('area'),
  'interpolate, bilinear, antialias': resizing('bilinear', { antialias: true }),
  'interpolate, bicubic, antialias': resizing('bicubic', { antialias: true }),
  'gridSample, bilinear': gridSample('bilinear'),
  'gridSample, nearest': gridSample('nearest'),
  'gridSample, bicubic': gridSample('bicubic'),
  affineGrid: {
    gradient: true,
    draw: (random) => {
      const size = [random.integer(1, 5), 3, random.dimension(), random.dimension()]
      const alignCorners = random.chance()
      return tensorTrial([random.floats([size[0]!, 2, 3])], (theta) =>
        F.affineGrid(theta!, size, { alignCorners }),
      )
    },
  },
}
