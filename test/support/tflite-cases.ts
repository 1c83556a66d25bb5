import type { FlatFields, FlatValue } from './flatbuffer-writer.ts'
import type { FileNetwork, FileTensor } from './tflite-file.ts'

/** Pseudo-random numbers in [-2, 2), the same everywhere: multiples of 2 ** -14. */
export function numbers(count: number, seed: number): number[] {
  let state = seed * 2654435761 + 12345
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 16) / 2 ** 14 - 2
  })
}

const int = (value: number): FlatValue => ({ kind: 'int32', value })
const byte = (value: number): FlatValue => ({ kind: 'int8', value })
const float = (value: number): FlatValue => ({ kind: 'float32', value })
const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1)

const x = (...shape: number[]): FileTensor => ({ shape })
const weights = (...shape: number[]): FileTensor => ({
  shape,
  data: numbers(sizeOf(shape), shape.length + 7),
})
const ints = (...data: number[]): FileTensor => ({ shape: [data.length], type: 2, data })
const scalar = (value: number): FileTensor => ({ shape: [], type: 2, data: [value] })

/** A network of one operator: what has data is constant, the rest its inputs. */
function one(
  code: number,
  operands: readonly FileTensor[],
  results: readonly FileTensor[],
  options?: readonly [number, FlatFields],
): FileNetwork {
  const indices = operands.map((_, i) => i)
  return {
    tensors: [...operands, ...results],
    operators: [
      {
        code,
        inputs: indices,
        outputs: results.map((_, i) => operands.length + i),
        ...(options && { options }),
      },
    ],
    inputs: indices.filter((i) => operands[i]!.data === undefined),
    outputs: results.map((_, i) => operands.length + i),
  }
}

const unary = (code: number, options?: readonly [number, FlatFields]): FileNetwork =>
  one(code, [x(1, 3, 4, 5)], [x(1, 3, 4, 5)], options)

interface Window {
  readonly padding: number
  readonly strides: readonly [number, number]
  readonly activation?: number
}

const conv = ({ padding, strides: [h, w], activation = 0 }: Window, dilation = 1): [number, FlatFields] => [
  1,
  { 0: byte(padding), 1: int(w), 2: int(h), 3: byte(activation), 4: int(dilation), 5: int(dilation) },
]
const depthwise = (
  { padding, strides: [h, w], activation = 0 }: Window,
  multiplier: number,
): [number, FlatFields] => [
  2,
  { 0: byte(padding), 1: int(w), 2: int(h), 3: int(multiplier), 4: byte(activation) },
]
const pool = (
  { padding, strides: [h, w], activation = 0 }: Window,
  [high, wide]: number[],
): [number, FlatFields] => [
  5,
  { 0: byte(padding), 1: int(w), 2: int(h), 3: int(wide!), 4: int(high!), 5: byte(activation) },
]
const reducer = (keep: boolean): [number, FlatFields] => [27, { 0: byte(keep ? 1 : 0) }]
const strided = (begin: number, end: number, shrink: number): [number, FlatFields] => [
  32,
  { 0: int(begin), 1: int(end), 4: int(shrink) },
]

/** Networks of a few operators, by what they try. */
export const operatorCases: Readonly<Record<string, FileNetwork>> = {
  'CONV_2D SAME, stride 2 of an even size, RELU6': one(
    3,
    [x(1, 8, 6, 3), weights(4, 3, 3, 3), weights(4)],
    [x(1, 4, 3, 4)],
    conv({ padding: 0, strides: [2, 2], activation: 3 }),
  ),
  'CONV_2D SAME, 2x4 window, stride 1x2': one(
    3,
    [x(1, 5, 7, 2), weights(3, 2, 4, 2), weights(3)],
    [x(1, 5, 4, 3)],
    conv({ padding: 0, strides: [1, 2] }),
  ),
  'CONV_2D VALID, dilated, RELU_N1_TO_1': one(
    3,
    [x(1, 7, 8, 2), weights(3, 3, 2, 2), weights(3)],
    [x(1, 3, 6, 3)],
    conv({ padding: 1, strides: [1, 1], activation: 2 }, 2),
  ),
  'CONV_2D SAME, dilated': one(
    3,
    [x(1, 7, 8, 2), weights(3, 3, 3, 2), weights(3)],
    [x(1, 7, 8, 3)],
    conv({ padding: 0, strides: [1, 1] }, 2),
  ),
  'CONV_2D of 2 groups': one(
    3,
    [x(1, 5, 5, 4), weights(6, 3, 3, 2), weights(6)],
    [x(1, 5, 5, 6)],
    conv({ padding: 0, strides: [1, 1] }),
  ),
  'DEPTHWISE_CONV_2D SAME, stride 2, multiplier 2, RELU': one(
    4,
    [x(1, 6, 7, 3), weights(1, 3, 3, 6), weights(6)],
    [x(1, 3, 4, 6)],
    depthwise({ padding: 0, strides: [2, 2], activation: 1 }, 2),
  ),
  'DEPTHWISE_CONV_2D VALID': one(
    4,
    [x(1, 6, 7, 3), weights(1, 3, 2, 3), weights(3)],
    [x(1, 4, 6, 3)],
    depthwise({ padding: 1, strides: [1, 1] }, 1),
  ),
  'TRANSPOSE_CONV SAME': one(
    67,
    [ints(1, 8, 10, 2), weights(2, 3, 3, 4), x(1, 4, 5, 4)],
    [x(1, 8, 10, 2)],
    [49, { 0: byte(0), 1: int(2), 2: int(2) }],
  ),
  'TRANSPOSE_CONV SAME, odd size': one(
    67,
    [ints(1, 7, 9, 2), weights(2, 3, 3, 4), x(1, 4, 5, 4)],
    [x(1, 7, 9, 2)],
    [49, { 0: byte(0), 1: int(2), 2: int(2) }],
  ),
  'TRANSPOSE_CONV VALID, 4x4': one(
    67,
    [ints(1, 10, 12, 2), weights(2, 4, 4, 3), x(1, 4, 5, 3)],
    [x(1, 10, 12, 2)],
    [49, { 0: byte(1), 1: int(2), 2: int(2) }],
  ),
  FULLY_CONNECTED: one(9, [x(1, 6), weights(4, 6), weights(4)], [x(1, 4)], [8, { 0: byte(1) }]),
  'FULLY_CONNECTED of an image': one(9, [x(1, 2, 3, 4), weights(5, 24), weights(5)], [x(1, 5)], [8, {}]),
  'FULLY_CONNECTED that keeps axes': one(
    9,
    [x(1, 2, 3, 4), weights(5, 4), weights(5)],
    [x(1, 2, 3, 5)],
    [8, { 2: byte(1) }],
  ),
  BATCH_MATMUL: one(126, [x(1, 3, 4), x(1, 5, 4)], [x(1, 3, 5)], [101, { 1: byte(1) }]),
  'AVERAGE_POOL_2D SAME, stride 2': one(
    1,
    [x(1, 5, 6, 3)],
    [x(1, 3, 3, 3)],
    pool({ padding: 0, strides: [2, 2] }, [3, 3]),
  ),
  'AVERAGE_POOL_2D VALID, RELU': one(
    1,
    [x(1, 5, 6, 3)],
    [x(1, 2, 3, 3)],
    pool({ padding: 1, strides: [2, 2], activation: 1 }, [3, 2]),
  ),
  'MAX_POOL_2D SAME, 2x2': one(
    17,
    [x(1, 5, 7, 3)],
    [x(1, 3, 4, 3)],
    pool({ padding: 0, strides: [2, 2] }, [2, 2]),
  ),
  'MAX_POOL_2D VALID': one(
    17,
    [x(1, 5, 7, 3)],
    [x(1, 3, 5, 3)],
    pool({ padding: 1, strides: [1, 1] }, [3, 3]),
  ),
  'ADD of two images': one(0, [x(1, 3, 4, 5), x(1, 3, 4, 5)], [x(1, 3, 4, 5)], [11, {}]),
  'ADD of a constant for each channel': one(
    0,
    [x(1, 3, 4, 5), weights(5)],
    [x(1, 3, 4, 5)],
    [11, { 0: byte(3) }],
  ),
  'ADD of a scalar': one(0, [x(1, 3, 4, 5), weights(1)], [x(1, 3, 4, 5)], [11, {}]),
  'SUB from a constant image': one(41, [weights(1, 3, 4, 5), x(1, 3, 4, 5)], [x(1, 3, 4, 5)], [28, {}]),
  'MUL by a map of each pixel': one(18, [x(1, 3, 4, 5), x(1, 3, 4, 1)], [x(1, 3, 4, 5)], [21, {}]),
  'MUL by a factor of each channel': one(18, [x(1, 3, 4, 5), x(1, 1, 1, 5)], [x(1, 3, 4, 5)], [21, {}]),
  'MUL by a row of channels': one(18, [x(1, 3, 4, 5), x(4, 5)], [x(1, 3, 4, 5)], [21, {}]),
  DIV: one(42, [x(1, 3, 4, 5), weights(1, 1, 4, 5)], [x(1, 3, 4, 5)], [29, { 0: byte(1) }]),
  MAXIMUM: one(55, [x(1, 3, 4, 5), weights(5)], [x(1, 3, 4, 5)], [39, {}]),
  MINIMUM: one(57, [x(1, 3, 4, 5), x(1, 3, 4, 5)], [x(1, 3, 4, 5)], [39, {}]),
  SQUARED_DIFFERENCE: one(99, [x(1, 3, 4, 5), x(1, 3, 4, 5)], [x(1, 3, 4, 5)], [76, {}]),
  ADD_N: one(106, [x(1, 3, 4), x(1, 3, 4), x(1, 3, 4)], [x(1, 3, 4)], [82, {}]),
  ABS: unary(101),
  NEG: unary(59),
  EXP: unary(47),
  CEIL: unary(104),
  FLOOR: unary(8),
  ROUND: unary(116),
  SQUARE: unary(92),
  SIN: unary(66),
  COS: unary(108),
  RELU: unary(19),
  RELU6: unary(21),
  RELU_N1_TO_1: unary(20),
  RELU_0_TO_1: unary(152),
  LEAKY_RELU: unary(98, [75, { 0: float(0.125) }]),
  ELU: unary(111),
  HARD_SWISH: unary(117),
  GELU: unary(150, [116, { 0: byte(0) }]),
  'GELU by tanh': unary(150, [116, { 0: byte(1) }]),
  LOGISTIC: unary(14),
  TANH: unary(28),
  PRELU: one(54, [x(1, 3, 4, 5), weights(1, 1, 5)], [x(1, 3, 4, 5)]),
  'SOFTMAX of an image, beta 0.5': unary(25, [9, { 0: float(0.5) }]),
  LOG_SOFTMAX: one(50, [x(1, 7)], [x(1, 7)], [36, {}]),
  L2_NORMALIZATION: unary(11, [12, {}]),
  LOCAL_RESPONSE_NORMALIZATION: one(
    13,
    [x(1, 3, 4, 9)],
    [x(1, 3, 4, 9)],
    [13, { 0: int(2), 1: float(1), 2: float(0.25), 3: float(0.75) }],
  ),
  'MEAN of space': one(40, [x(1, 3, 4, 5), ints(1, 2)], [x(1, 5)], reducer(false)),
  'MEAN of space, kept': one(40, [x(1, 3, 4, 5), ints(2, 1)], [x(1, 1, 1, 5)], reducer(true)),
  'SUM of channels': one(74, [x(1, 3, 4, 5), ints(-1)], [x(1, 3, 4)], reducer(false)),
  'SUM of rows': one(74, [x(1, 3, 4, 5), ints(1)], [x(1, 4, 5)], reducer(false)),
  'REDUCE_MAX of channels, kept': one(82, [x(1, 3, 4, 5), ints(3)], [x(1, 3, 4, 1)], reducer(true)),
  REDUCE_MIN: one(89, [x(1, 3, 4, 5), ints(1, 3)], [x(1, 4)], reducer(false)),
  REDUCE_PROD: one(81, [x(1, 3, 4), ints(1)], [x(1, 4)], reducer(false)),
  'RESHAPE of an image to rows': one(
    22,
    [x(1, 3, 4, 5), ints(1, 60)],
    [x(1, 60)],
    [17, { 0: { kind: 'int32s', values: [1, 60] } }],
  ),
  'RESHAPE of an image to anchors': one(22, [x(1, 2, 3, 8), ints(1, 12, 4)], [x(1, 12, 4)], [17, {}]),
  'RESHAPE of rows to an image': one(22, [x(1, 24), ints(1, 2, 3, 4)], [x(1, 2, 3, 4)], [17, {}]),
  SQUEEZE: one(43, [x(1, 1, 1, 5)], [x(1, 5)], [30, { 0: { kind: 'int32s', values: [1, 2] } }]),
  EXPAND_DIMS: one(70, [x(1, 3, 4), scalar(1)], [x(1, 1, 3, 4)], [52, {}]),
  TRANSPOSE: one(39, [x(1, 3, 4, 5), ints(0, 2, 3, 1)], [x(1, 4, 5, 3)], [26, {}]),
  PAD: one(
    34,
    [x(1, 3, 4, 5), { shape: [4, 2], type: 2, data: [0, 0, 1, 2, 0, 3, 0, 1] }],
    [x(1, 6, 7, 6)],
    [22, {}],
  ),
  PADV2: one(
    60,
    [x(1, 3, 4), { shape: [3, 2], type: 2, data: [0, 0, 1, 0, 2, 1] }, { shape: [1], data: [1.5] }],
    [x(1, 4, 7)],
    [43, {}],
  ),
  'MIRROR_PAD, reflected': one(
    100,
    [x(1, 3, 4, 5), { shape: [4, 2], type: 2, data: [0, 0, 2, 1, 1, 3, 0, 0] }],
    [x(1, 6, 8, 5)],
    [77, { 0: byte(0) }],
  ),
  'MIRROR_PAD, symmetric': one(
    100,
    [x(1, 3, 4, 5), { shape: [4, 2], type: 2, data: [0, 0, 1, 1, 1, 0, 0, 0] }],
    [x(1, 5, 5, 5)],
    [77, { 0: byte(1) }],
  ),
  'CONCATENATION of channels': one(2, [x(1, 3, 4, 2), x(1, 3, 4, 3)], [x(1, 3, 4, 5)], [10, { 0: int(3) }]),
  'CONCATENATION of rows': one(2, [x(1, 3, 4, 2), x(1, 1, 4, 2)], [x(1, 4, 4, 2)], [10, { 0: int(-3) }]),
  'SPLIT of channels': one(
    49,
    [scalar(3), x(1, 3, 4, 6)],
    [x(1, 3, 4, 3), x(1, 3, 4, 3)],
    [35, { 0: int(2) }],
  ),
  'SPLIT_V of columns': one(
    102,
    [x(1, 3, 6, 2), ints(1, 5), scalar(2)],
    [x(1, 3, 1, 2), x(1, 3, 5, 2)],
    [79, { 0: int(2) }],
  ),
  SLICE: one(65, [x(1, 5, 6, 4), ints(0, 1, 2, 0), ints(1, 3, -1, 2)], [x(1, 3, 4, 2)], [48, {}]),
  STRIDED_SLICE: one(
    45,
    [x(1, 7, 6, 4), ints(0, 1, 5, 0), ints(0, 6, 0, 3), ints(1, 2, -2, 1)],
    [x(1, 3, 3, 3)],
    strided(0b0001, 0b0001, 0),
  ),
  'STRIDED_SLICE that picks a column': one(
    45,
    [x(1, 3, 4, 5), ints(0, 0, 2, 0), ints(0, 0, 3, 0), ints(1, 1, 1, 1)],
    [x(1, 3, 5)],
    strided(0b1011, 0b1011, 0b0100),
  ),
  REVERSE_V2: one(105, [x(1, 3, 4, 5), ints(3)], [x(1, 3, 4, 5)], [81, {}]),
  'GATHER of channels': one(36, [x(1, 3, 4, 5), ints(4, 0, 2)], [x(1, 3, 4, 3)], [23, { 0: int(3) }]),
  PACK: one(83, [x(1, 3, 4), x(1, 3, 4)], [x(1, 3, 2, 4)], [59, { 0: int(2), 1: int(2) }]),
  UNPACK: one(88, [x(1, 3, 2, 4)], [x(1, 3, 4), x(1, 3, 4)], [64, { 0: int(2), 1: int(2) }]),
  TILE: one(69, [x(1, 2, 3, 2), ints(1, 2, 1, 3)], [x(1, 4, 3, 6)], [51, {}]),
  'RESIZE_BILINEAR, corners aligned': one(
    23,
    [x(1, 3, 4, 2), ints(7, 6)],
    [x(1, 7, 6, 2)],
    [15, { 2: byte(1) }],
  ),
  'RESIZE_BILINEAR, half pixels': one(23, [x(1, 3, 4, 2), ints(7, 6)], [x(1, 7, 6, 2)], [15, { 3: byte(1) }]),
  'RESIZE_BILINEAR, smaller': one(23, [x(1, 9, 8, 2), ints(4, 3)], [x(1, 4, 3, 2)], [15, {}]),
  RESIZE_NEAREST_NEIGHBOR: one(97, [x(1, 3, 4, 2), ints(7, 6)], [x(1, 7, 6, 2)], [74, {}]),
  'RESIZE_NEAREST_NEIGHBOR, half pixels': one(
    97,
    [x(1, 3, 4, 2), ints(5, 7)],
    [x(1, 5, 7, 2)],
    [74, { 1: byte(1) }],
  ),
  'RESIZE_NEAREST_NEIGHBOR, corners aligned': one(
    97,
    [x(1, 3, 4, 2), ints(5, 7)],
    [x(1, 5, 7, 2)],
    [74, { 0: byte(1) }],
  ),
  DEPTH_TO_SPACE: one(5, [x(1, 2, 3, 8)], [x(1, 4, 6, 2)], [94, { 0: int(2) }]),
  SPACE_TO_DEPTH: one(26, [x(1, 4, 6, 2)], [x(1, 2, 3, 8)], [19, { 0: int(2) }]),
  SPACE_TO_BATCH_ND: one(
    38,
    [x(1, 5, 6, 2), ints(2, 3), { shape: [2, 2], type: 2, data: [1, 0, 2, 1] }],
    [x(6, 3, 3, 2)],
    [25, {}],
  ),
  BATCH_TO_SPACE_ND: one(
    37,
    [x(6, 3, 3, 2), ints(2, 3), { shape: [2, 2], type: 2, data: [1, 0, 2, 1] }],
    [x(1, 5, 6, 2)],
    [24, {}],
  ),
  'a dilated convolution as SPACE_TO_BATCH_ND, CONV_2D, BATCH_TO_SPACE_ND': {
    tensors: [
      x(1, 7, 8, 2),
      ints(2, 2),
      { shape: [2, 2], type: 2, data: [2, 3, 2, 2] },
      x(4, 6, 6, 2),
      weights(3, 3, 3, 2),
      weights(3),
      x(4, 4, 4, 3),
      { shape: [2, 2], type: 2, data: [0, 1, 0, 0] },
      x(1, 7, 8, 3),
    ],
    operators: [
      { code: 38, inputs: [0, 1, 2], outputs: [3], options: [25, {}] },
      {
        code: 3,
        inputs: [3, 4, 5],
        outputs: [6],
        options: conv({ padding: 1, strides: [1, 1], activation: 1 }),
      },
      { code: 37, inputs: [6, 1, 7], outputs: [8], options: [24, {}] },
    ],
    inputs: [0],
    outputs: [8],
  },
  'channels shuffled by RESHAPE, TRANSPOSE, RESHAPE, then CONV_2D': {
    tensors: [
      x(1, 3, 4, 6),
      ints(1, 3, 4, 2, 3),
      x(1, 3, 4, 2, 3),
      ints(0, 1, 2, 4, 3),
      x(1, 3, 4, 3, 2),
      ints(1, 3, 4, 6),
      x(1, 3, 4, 6),
      weights(2, 1, 1, 6),
      weights(2),
      x(1, 3, 4, 2),
    ],
    operators: [
      { code: 22, inputs: [0, 1], outputs: [2], options: [17, {}] },
      { code: 39, inputs: [2, 3], outputs: [4], options: [26, {}] },
      { code: 22, inputs: [4, 5], outputs: [6], options: [17, {}] },
      { code: 3, inputs: [6, 7, 8], outputs: [9], options: conv({ padding: 0, strides: [1, 1] }) },
    ],
    inputs: [0],
    outputs: [9],
  },
  'squeeze and excitation: MEAN, CONV_2D, LOGISTIC, MUL': {
    tensors: [
      x(1, 4, 5, 3),
      ints(1, 2),
      x(1, 1, 1, 3),
      weights(3, 1, 1, 3),
      weights(3),
      x(1, 1, 1, 3),
      x(1, 1, 1, 3),
      x(1, 4, 5, 3),
    ],
    operators: [
      { code: 40, inputs: [0, 1], outputs: [2], options: reducer(true) },
      {
        code: 3,
        inputs: [2, 3, 4],
        outputs: [5],
        options: conv({ padding: 0, strides: [1, 1], activation: 1 }),
      },
      { code: 14, inputs: [5], outputs: [6] },
      { code: 18, inputs: [0, 6], outputs: [7], options: [21, {}] },
    ],
    inputs: [0],
    outputs: [7],
  },
  'a flattening by SHAPE, STRIDED_SLICE, PACK, RESHAPE, then FULLY_CONNECTED': {
    tensors: [
      x(1, 2, 3, 4),
      { shape: [4], type: 2 },
      ints(0),
      ints(1),
      ints(1),
      { shape: [], type: 2 },
      { shape: [], type: 2, data: [24] },
      { shape: [2], type: 2 },
      x(1, 24),
      weights(5, 24),
      weights(5),
      x(1, 5),
    ],
    operators: [
      { code: 77, inputs: [0], outputs: [1], options: [55, { 0: byte(2) }] },
      { code: 45, inputs: [1, 2, 3, 4], outputs: [5], options: strided(0, 0, 1) },
      { code: 83, inputs: [5, 6], outputs: [7], options: [59, { 0: int(2), 1: int(0) }] },
      { code: 22, inputs: [0, 7], outputs: [8], options: [17, {}] },
      { code: 9, inputs: [8, 9, 10], outputs: [11], options: [8, {}] },
    ],
    inputs: [0],
    outputs: [11],
  },
}
