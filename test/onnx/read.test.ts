import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createGraphNetwork, type GraphModel, readOnnx } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { openCheckpointFile } from '../../src/weights/file.ts'
import { bytesAccess, CheckpointError, openCheckpoint } from '../../src/weights/index.ts'
import { MessageWriter } from '../../src/weights/protobuf-write.ts'
import { sharedPath } from '../support/shared.ts'

const message = (): MessageWriter => new MessageWriter()

/** The field numbers are those of onnx.proto. */
function tensorOf(name: string, dims: number[], fill: (tensor: MessageWriter) => MessageWriter, type = 1) {
  return fill(message().ints(1, dims).int(2, type)).text(8, name)
}

function raw(values: readonly number[]): (tensor: MessageWriter) => MessageWriter {
  return (tensor) => tensor.bytes(9, new Uint8Array(Float32Array.from(values).buffer))
}

function nodeOf(
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: MessageWriter[] = [],
  domain = '',
) {
  const node = message()
  for (const name of inputs) node.text(1, name)
  for (const name of outputs) node.text(2, name)
  node.text(3, `${op} node`).text(4, op)
  for (const attribute of attributes) node.message(5, attribute)
  return domain === '' ? node : node.text(7, domain)
}

const intAttribute = (name: string, value: number) => message().text(1, name).int(3, value).int(20, 2)

function valueInfo(name: string, dims: (number | string)[] = []) {
  const shape = message()
  for (const d of dims) shape.message(1, typeof d === 'number' ? message().int(1, d) : message().text(2, d))
  return message()
    .text(1, name)
    .message(2, message().message(1, message().int(1, 1).message(2, shape)))
}

interface Parts {
  readonly nodes: MessageWriter[]
  readonly initializers?: MessageWriter[]
  readonly inputs?: MessageWriter[]
  readonly outputs?: string[]
  readonly functions?: MessageWriter[]
}

function modelOf({
  nodes,
  initializers = [],
  inputs = [valueInfo('x', ['n', 3])],
  outputs = ['y'],
  functions = [],
}: Parts) {
  const graph = message()
  for (const node of nodes) graph.message(1, node)
  graph.text(2, 'graph')
  for (const initializer of initializers) graph.message(5, initializer)
  for (const input of inputs) graph.message(11, input)
  for (const output of outputs) graph.message(12, valueInfo(output))
  const model = message()
    .int(1, 8)
    .text(2, 'a test')
    .message(7, graph)
    .message(8, message().text(1, '').int(2, 13))
    .message(14, message().text(1, 'key').text(2, 'value'))
  for (const definition of functions) model.message(25, definition)
  return Buffer.concat(model.parts)
}

const read = (bytes: Uint8Array): Promise<GraphModel> => readOnnx(bytesAccess(bytes, 'net.onnx'))

const dense = (): Parts => ({
  nodes: [nodeOf('Gemm', ['x', 'w', 'b'], ['h'], [intAttribute('transB', 1)]), nodeOf('Relu', ['h'], ['y'])],
  initializers: [
    tensorOf('w', [2, 3], raw([1, 0, -1, 2, 2, 2])),
    tensorOf('b', [2], (t) => t.floats(4, [0.5, -10])),
  ],
})

async function outputOf(bytes: Uint8Array, values: number[] = [1, 2, 3]): Promise<number[]> {
  const network = (await createGraphNetwork(await read(bytes))).eval()
  return [...(await network.forward(tensor(values, [1, values.length])).data())]
}

describe('an ONNX file', () => {
  it('is read with its graph, metadata and weights', async () => {
    const bytes = modelOf(dense())
    const file = await openCheckpoint(bytes)
    expect([file.format, file.metadata, [...file.tensors.keys()]]).toEqual([
      'onnx',
      { key: 'value' },
      ['w', 'b'],
    ])
    const model = await read(bytes)
    expect([model.opset, model.producer]).toEqual([13, 'a test'])
    expect(model.graph.inputs).toEqual([{ name: 'x', type: 'FLOAT', shape: ['n', 3] }])
    expect(await outputOf(bytes)).toEqual([0, 2])
  })

  it('may list its nodes in any order', async () => {
    const { nodes, ...rest } = dense()
    expect(await outputOf(modelOf({ ...rest, nodes: nodes.toReversed() }))).toEqual([0, 2])
  })

  it('has its functions put in place of their uses', async () => {
    const twice = message().text(1, 'Twice').text(4, 'a').text(5, 'c').text(6, 'slope').text(10, 'own')
    twice
      .message(7, nodeOf('Add', ['a', 'a'], ['b']))
      .message(
        7,
        nodeOf('LeakyRelu', ['b'], ['c'], [message().text(1, 'alpha').text(21, 'slope').int(20, 1)]),
      )
    const slope = message().text(1, 'slope').float(2, 0.25).int(20, 1)
    const nodes = [
      nodeOf('Twice', ['x'], ['h'], [slope], 'own'),
      nodeOf('Twice', ['h'], ['y'], [slope], 'own'),
    ]
    expect(await outputOf(modelOf({ nodes, functions: [twice] }), [1, -1, 3])).toEqual([4, -0.25, 12])
  })

  it('may keep weights in another file of its folder, and nowhere else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-external-'))
    const entry = (key: string, value: string) => message().text(1, key).text(2, value)
    const external = (location: string, offset = '4') =>
      modelOf({
        nodes: [nodeOf('Mul', ['x', 'w'], ['y'])],
        initializers: [
          tensorOf('w', [3], (t) =>
            t
              .message(13, entry('location', location))
              .message(13, entry('offset', offset))
              .message(13, entry('length', '12'))
              .int(14, 1),
          ),
        ],
      })
    try {
      writeFileSync(join(folder, 'weights.bin'), new Uint8Array(Float32Array.of(9, 1, 2, 3).buffer))
      const open = async (bytes: Uint8Array) => {
        const path = join(folder, 'net.onnx')
        writeFileSync(path, bytes)
        const file = await openCheckpointFile(path)
        try {
          return await createGraphNetwork(await file.network!())
        } finally {
          await file.close()
        }
      }
      const network = await open(external('weights.bin'))
      expect(await network.forward(tensor([1, 1, 1], [1, 3])).data()).toEqual(Float32Array.of(1, 2, 3))
      await expect(open(external('../weights.bin'))).rejects.toThrow(/outside of its folder/)
      await expect(open(external('absent.bin'))).rejects.toThrow(/absent\.bin, which is not there/)
      await expect(open(external('weights.bin', '8'))).rejects.toThrow(/truncated or damaged/)
      await expect(open(external('weights.bin', '-4'))).rejects.toThrow(/begins at -4/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  const relu = (from: string, to: string) => nodeOf('Relu', [from], [to])
  const wrong: [what: string, bytes: Uint8Array, error: RegExp][] = [
    ['no graph', Buffer.concat(message().int(1, 8).text(2, 'a').parts), /has no graph/],
    [
      'a cycle',
      modelOf({ nodes: [nodeOf('Add', ['x', 'b'], ['a']), relu('a', 'b'), relu('a', 'y')] }),
      /depends on its own/,
    ],
    ['an input that nothing gives', modelOf({ nodes: [relu('z', 'y')] }), /takes "z", which nothing gives/],
    ['an output that nothing gives', modelOf({ nodes: [relu('x', 'z')] }), /nothing gives the output "y"/],
    ['a value given twice', modelOf({ nodes: [relu('x', 'y'), relu('x', 'y')] }), /"y" is given twice/],
    [
      'an input given twice',
      modelOf({ nodes: [relu('x', 'y')], inputs: [valueInfo('x'), valueInfo('x')] }),
      /"x" is there twice/,
    ],
    [
      'a tensor there twice',
      modelOf({
        nodes: [relu('x', 'y')],
        initializers: [tensorOf('w', [1], raw([1])), tensorOf('w', [1], raw([1]))],
      }),
      /"w" is there twice/,
    ],
    [
      'more elements than bytes',
      modelOf({ nodes: [relu('x', 'y')], initializers: [tensorOf('w', [2 ** 20, 2 ** 20], raw([1]))] }),
      /takes 4398046511104 bytes, but has 4/,
    ],
    [
      'sizes whose product overflows',
      modelOf({
        nodes: [relu('x', 'y')],
        initializers: [tensorOf('w', new Array(8).fill(2 ** 30), raw([1]))],
      }),
      /beyond any file/,
    ],
    [
      'a size below zero',
      modelOf({ nodes: [relu('x', 'y')], initializers: [tensorOf('w', [-1], raw([1]))] }),
      /has the shape \[-1\]/,
    ],
    [
      'fewer elements than sizes say',
      modelOf({ nodes: [relu('x', 'y')], initializers: [tensorOf('w', [3], (t) => t.ints(7, [1, 2]), 7)] }),
      /has 3 elements, but 2 are given/,
    ],
    [
      'elements of an unknown type',
      modelOf({ nodes: [relu('x', 'y')], initializers: [tensorOf('w', [1], raw([1]), 99)] }),
      /type 99, which is not supported/,
    ],
    [
      'a function that calls itself',
      modelOf({
        nodes: [nodeOf('F', ['x'], ['y'], [], 'own')],
        functions: [
          message()
            .text(1, 'F')
            .text(4, 'a')
            .text(5, 'b')
            .message(7, nodeOf('F', ['a'], ['b'], [], 'own'))
            .text(10, 'own'),
        ],
      }),
      /calls itself/,
    ],
  ]

  it.each(wrong)('with %s is refused', async (_, bytes, error) => {
    await expect(read(bytes)).rejects.toThrow(CheckpointError)
    await expect(read(bytes)).rejects.toThrow(error)
  })

  it('of functions that call each other without end is refused in bounded time', async () => {
    const functions = Array.from({ length: 40 }, (_, i) =>
      message()
        .text(1, `F${i}`)
        .text(4, 'a')
        .text(5, 'c')
        .message(7, nodeOf(`F${i + 1}`, ['a'], ['b'], [], 'own'))
        .message(7, nodeOf(`F${i + 1}`, ['b'], ['c'], [], 'own'))
        .text(10, 'own'),
    )
    const last = message().text(1, 'F40').text(4, 'a').text(5, 'c').text(10, 'own')
    const bytes = modelOf({ nodes: [nodeOf('F0', ['x'], ['y'], [], 'own')], functions: [...functions, last] })
    await expect(read(bytes)).rejects.toThrow(/more than 1000000/)
  })

  it('of graphs nested without end is refused', async () => {
    let inner = message().text(2, 'inner')
    for (let depth = 0; depth < 200; depth++) {
      const attribute = message().text(1, 'then_branch').int(20, 5).message(6, inner)
      inner = message().message(1, message().text(4, 'If').message(5, attribute))
    }
    const bytes = Buffer.concat(message().int(1, 8).message(7, inner).parts)
    await expect(read(bytes)).rejects.toThrow(/nested more than 64 deep/)
  })
})

describe('a damaged ONNX file', () => {
  async function refuseOrRead(bytes: Uint8Array): Promise<'read' | 'refused'> {
    try {
      const model = await read(bytes)
      for (const stored of model.graph.initializers.values()) await stored.read()
      return 'read'
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error
      return 'refused'
    }
  }

  it('that is cut off anywhere is refused', async () => {
    const bytes = modelOf(dense())
    for (let length = 0; length < bytes.length; length++) {
      const whole = await refuseOrRead(bytes.subarray(0, length))
      // What comes after the graph may be missing: the sets of operators, and the metadata.
      if (whole === 'read') expect(length).toBeGreaterThan(bytes.length - 30)
    }
  })

  it('with any byte changed is read or refused', async () => {
    const bytes = modelOf(dense())
    const outcomes = { read: 0, refused: 0 }
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 0x7f, 0x80, 0xff, bytes[at]! ^ 1]) {
        const damaged = Uint8Array.from(bytes)
        damaged[at] = value
        outcomes[await refuseOrRead(damaged)]++
      }
    }
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(50)
  })

  const real = sharedPath('assets', 'weights', 'ultraface-RFB-320.onnx')
  it.skipIf(real === undefined)('of real size that is cut off is refused', async () => {
    const bytes = readFileSync(real!)
    for (let part = 0; part < 40; part++) {
      expect(await refuseOrRead(bytes.subarray(0, Math.floor((bytes.length * part) / 40)))).toBe('refused')
    }
  })
})
