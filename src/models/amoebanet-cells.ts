/** What a cell does to one of its states. 'none' keeps it, or projects it where size or channels must change. */
export type Operation =
  | 'none'
  | '1x1'
  | '3x3'
  | '1x7_7x1'
  | `separable_${3 | 5 | 7}x${3 | 5 | 7}_2`
  | `avg_pool_${2 | 3}x${2 | 3}`
  | `max_pool_${2 | 3}x${2 | 3}`

export type Operand = readonly [operation: Operation, state: number]

export interface CellSpec {
  /** Each pair's sum is another state; states 0 and 1 are the two cells before. */
  readonly pairs: readonly (readonly [Operand, Operand])[]
  /** The states that are concatenated. */
  readonly output: readonly number[]
}

const sep3 = 'separable_3x3_2'
const sep5 = 'separable_5x5_2'
const sep7 = 'separable_7x7_2'
const avg3 = 'avg_pool_3x3'
const max3 = 'max_pool_3x3'
const max2 = 'max_pool_2x2'
const factored = '1x7_7x1'

/** The cells that evolution found, as tensorflow/tpu lists them (there without the dilation of B's separable convolution). */
export const cells: Readonly<
  Record<'a' | 'b' | 'c' | 'd', { readonly normal: CellSpec; readonly reduction: CellSpec }>
> = {
  a: {
    normal: {
      pairs: [
        [
          [avg3, 0],
          [max3, 0],
        ],
        [
          [sep3, 1],
          ['none', 1],
        ],
        [
          ['none', 0],
          [avg3, 1],
        ],
        [
          [sep3, 0],
          [sep5, 2],
        ],
        [
          [avg3, 5],
          [sep3, 0],
        ],
      ],
      output: [1, 3, 4, 6],
    },
    reduction: {
      pairs: [
        [
          [sep3, 1],
          [avg3, 0],
        ],
        [
          [max3, 0],
          [sep7, 2],
        ],
        [
          [max3, 1],
          [max3, 0],
        ],
        [
          [sep3, 4],
          [factored, 0],
        ],
        [
          [avg3, 1],
          [sep7, 0],
        ],
      ],
      output: [2, 3, 4, 5, 6],
    },
  },
  b: {
    normal: {
      pairs: [
        [
          ['1x1', 1],
          [max3, 1],
        ],
        [
          ['none', 1],
          [sep3, 0],
        ],
        [
          ['1x1', 1],
          [sep3, 0],
        ],
        [
          ['1x1', 2],
          ['none', 2],
        ],
        [
          [avg3, 1],
          ['1x1', 5],
        ],
      ],
      output: [0, 3, 4, 6],
    },
    reduction: {
      pairs: [
        [
          [max2, 0],
          [max3, 0],
        ],
        [
          ['none', 2],
          ['3x3', 1],
        ],
        [
          [sep5, 2],
          [max3, 2],
        ],
        [
          ['none', 3],
          [sep3, 1],
        ],
        [
          [avg3, 4],
          ['1x1', 3],
        ],
      ],
      output: [5, 6],
    },
  },
  c: {
    normal: {
      pairs: [
        [
          [avg3, 0],
          [sep3, 0],
        ],
        [
          ['none', 0],
          [sep3, 0],
        ],
        [
          [avg3, 2],
          [sep3, 1],
        ],
        [
          ['none', 0],
          [sep3, 1],
        ],
        [
          [avg3, 3],
          [sep3, 0],
        ],
      ],
      output: [1, 2, 4, 5, 6],
    },
    reduction: {
      pairs: [
        [
          [max3, 0],
          [max3, 0],
        ],
        [
          [sep7, 2],
          [sep3, 0],
        ],
        [
          [sep7, 0],
          [max3, 1],
        ],
        [
          [sep5, 4],
          [sep5, 4],
        ],
        [
          [max3, 1],
          [sep3, 1],
        ],
      ],
      output: [0, 2, 3, 4, 5, 6],
    },
  },
  d: {
    normal: {
      pairs: [
        [
          ['1x1', 1],
          [max3, 1],
        ],
        [
          ['none', 1],
          [factored, 0],
        ],
        [
          ['1x1', 0],
          [factored, 0],
        ],
        [
          [max3, 2],
          ['none', 2],
        ],
        [
          [avg3, 1],
          ['1x1', 5],
        ],
      ],
      output: [0, 3, 4, 6],
    },
    reduction: {
      pairs: [
        [
          [max2, 0],
          [max3, 0],
        ],
        [
          ['none', 2],
          ['3x3', 1],
        ],
        [
          [factored, 2],
          [max3, 2],
        ],
        [
          ['none', 3],
          [max2, 1],
        ],
        [
          [avg3, 2],
          ['1x1', 3],
        ],
      ],
      output: [4, 5, 6],
    },
  },
}
