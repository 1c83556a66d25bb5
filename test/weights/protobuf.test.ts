import { describe, expect, it } from 'vitest'
import { CheckpointError } from '../../src/weights/errors.ts'
import { type Field, readMessage } from '../../src/weights/protobuf.ts'
import { MessageWriter } from '../../src/weights/protobuf-write.ts'

function bytesOf(message: MessageWriter): Uint8Array {
  return Uint8Array.from(message.parts.flatMap((part) => [...part]))
}

const fieldsOf = (message: MessageWriter): Field[] => [...readMessage(bytesOf(message), 'f.onnx')]

describe('protobuf messages', () => {
  it('are as the documentation of the encoding shows them', () => {
    expect(bytesOf(new MessageWriter().int(1, 150))).toEqual(Uint8Array.of(0x08, 0x96, 0x01))
    expect(bytesOf(new MessageWriter().text(2, 'testing'))).toEqual(
      Uint8Array.of(0x12, 7, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67),
    )
    expect(bytesOf(new MessageWriter().ints(6, [3, 270, 86942]))).toEqual(
      Uint8Array.of(0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05),
    )
  })

  it.each([0, 1, 127, 128, 2 ** 31, -1, -(2 ** 31), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
    'hold the integer %d',
    (value) => {
      const message = new MessageWriter().int(1, value).ints(2, [value, value])
      const [one, more] = fieldsOf(message)
      expect(one!.int()).toBe(value)
      expect(more!.ints()).toEqual([value, value])
    },
  )

  it('hold floats, text, bytes and messages', () => {
    const inner = new MessageWriter().text(1, 'grüß').float(2, 0.25)
    const message = new MessageWriter().message(3, inner).floats(4, [1, -2.5]).bytes(5, Uint8Array.of(9, 8))
    const [nested, floats, bytes] = fieldsOf(message)
    const [text, float] = [...nested!.message()]
    expect([text!.text(), float!.float(), float!.number]).toEqual(['grüß', 0.25, 2])
    expect([...floats!.floats()]).toEqual([1, -2.5])
    expect(bytes!.bytes()).toEqual(Uint8Array.of(9, 8))
  })

  it('saturate integers of 64 bits that no number holds', () => {
    const most = Uint8Array.of(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)
    const least = Uint8Array.of(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01)
    expect([...readMessage(most, 'f')][0]!.int()).toBe(Number.MAX_SAFE_INTEGER)
    expect([...readMessage(least, 'f')][0]!.int()).toBe(Number.MIN_SAFE_INTEGER)
  })

  it.each([
    ['a length beyond the end', [0x12, 0x7f, 1, 2], /field 2 takes 127 bytes, but 2 are left/],
    ['a length of 2 ** 60', [0x12, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 1], /are left/],
    [
      'a negative length',
      [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      /beyond 2 \*\* 63/,
    ],
    ['a number that does not end', [0x08, ...Array(11).fill(0xff)], /more than 10 bytes/],
    ['an end within a number', [0x08, 0xff], /ends within a number/],
    ['a group', [0x0b], /wire type 3/],
    ['field 0', [0x00, 1], /number 0/],
  ])('are refused with %s', (_, bytes, message) => {
    const read = (): unknown => [...readMessage(Uint8Array.from(bytes), 'f.onnx')]
    expect(read).toThrow(CheckpointError)
    expect(read).toThrow(message)
  })

  it('are refused where a field is of another type than asked for, or they are nested too deep', () => {
    const [field] = fieldsOf(new MessageWriter().text(1, 'x'))
    expect(() => field!.int()).toThrow(/stored as another type/)
    expect(() => field!.float()).toThrow(CheckpointError)
    let message = new MessageWriter()
    for (let i = 0; i < 100; i++) message = new MessageWriter().message(1, message)
    const walk = (fields: Iterable<Field>): void => {
      for (const inner of fields) walk(inner.message())
    }
    expect(() => walk(readMessage(bytesOf(message), 'f'))).toThrow(/nested more than 64 deep/)
  })
})
