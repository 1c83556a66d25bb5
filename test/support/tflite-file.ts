import { type FlatFields, type FlatValue, flatBuffer, text } from './flatbuffer-writer.ts'

export interface FileTensor {
  readonly name?: string
  readonly shape: readonly number[]
  /** Of the schema: 0 float32, 1 float16, 2 int32, 3 uint8, 4 int64, 9 int8. */
  readonly type?: number
  /** Of a constant. */
  readonly data?: Uint8Array | readonly number[]
  /** In place of data: that of another tensor before it. */
  readonly dataOf?: number
  readonly scale?: readonly number[]
  readonly zeroPoint?: readonly number[]
  readonly axis?: number
  readonly signature?: readonly number[]
  readonly sparse?: boolean
}

export interface FileOperator {
  /** Of the schema's BuiltinOperator. */
  readonly code: number
  readonly custom?: string
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  /** Of the schema's BuiltinOptions, with the fields. */
  readonly options?: readonly [type: number, fields: FlatFields]
}

export interface FileNetwork {
  readonly tensors: readonly FileTensor[]
  readonly operators: readonly FileOperator[]
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly version?: number
  /** Inputs of all operators, which are stored once. */
  readonly sharedInputs?: readonly number[]
}

const int32 = (value: number): FlatValue => ({ kind: 'int32', value })
const uint32 = (value: number): FlatValue => ({ kind: 'uint32', value })
const int32s = (values: readonly number[]): FlatValue => ({ kind: 'int32s', values })

/** Numbers as the bytes of an element type of the schema. */
function encoded(type: number, values: readonly number[]): Uint8Array {
  const array =
    type === 0
      ? Float32Array.from(values)
      : type === 1
        ? Uint16Array.from(values)
        : type === 2
          ? Int32Array.from(values)
          : type === 4
            ? BigInt64Array.from(values, BigInt)
            : Uint8Array.from(values)
  return new Uint8Array(array.buffer)
}

/** A .tflite file. */
export function tfliteFile(network: FileNetwork): Uint8Array {
  const { tensors, operators, inputs, outputs, version = 3, sharedInputs } = network
  const shared = sharedInputs && int32s(sharedInputs)
  const buffers: FlatFields[] = [{}]
  const bufferOf = new Map<number, number>()
  const tensorTables = tensors.map((tensor, i): FlatFields => {
    const { shape, type = 0, data, scale, zeroPoint = [0], axis = 0 } = tensor
    if (data !== undefined) {
      buffers.push({ 0: { kind: 'bytes', bytes: data instanceof Uint8Array ? data : encoded(type, data) } })
      bufferOf.set(i, buffers.length - 1)
    }
    return {
      0: int32s(shape),
      1: { kind: 'int8', value: type },
      2: uint32(bufferOf.get(tensor.dataOf ?? i) ?? 0),
      3: text(tensor.name ?? `t${i}`),
      4: scale && {
        kind: 'table',
        fields: {
          2: { kind: 'float32s', values: scale },
          3: { kind: 'int64s', values: zeroPoint },
          6: int32(axis),
        },
      },
      6: tensor.sparse ? { kind: 'table', fields: {} } : undefined,
      7: tensor.signature && int32s(tensor.signature),
    }
  })
  return flatBuffer(
    {
      0: uint32(version),
      1: {
        kind: 'tables',
        tables: operators.map(({ code, custom }) => ({
          0: { kind: 'int8', value: Math.min(code, 127) },
          1: custom === undefined ? undefined : text(custom),
          2: int32(1),
          3: int32(code),
        })),
      },
      2: {
        kind: 'tables',
        tables: [
          {
            0: { kind: 'tables', tables: tensorTables },
            1: int32s(inputs),
            2: int32s(outputs),
            3: {
              kind: 'tables',
              tables: operators.map((operator, i) => ({
                0: uint32(i),
                1: shared === undefined ? int32s(operator.inputs) : { kind: 'shared', value: shared },
                2: int32s(operator.outputs),
                3: operator.options && { kind: 'uint8', value: operator.options[0] },
                4: operator.options && { kind: 'table', fields: operator.options[1] },
              })),
            },
            4: text('main'),
          },
        ],
      },
      3: text('made by a test'),
      4: { kind: 'tables', tables: buffers },
    },
    'TFL3',
  )
}
