import { callGlobal, checkGlobal, type GlobalCall } from './pickle-globals.ts'
import { PickleInput } from './pickle-input.ts'
import { setNumpyDTypeState, setNumpyState } from './pickle-numpy.ts'
import {
  describeValue,
  dictionaryAttributes,
  NumpyDType,
  PickleGlobal,
  PickleObject,
  PickleTensor,
  type PickleValue,
} from './pickle-values.ts'

export interface UnpickleOptions {
  /** What messages call the pickle. */
  readonly file: string
  /** Where `bytes` begin in it. */
  readonly base?: number
  /** Turns a persistent id into a value: how torch refers to storages. */
  readonly persistentLoad?: (id: PickleValue, fail: (what: string) => never) => PickleValue
  /** Further classes, by full name, whose instances are kept as unread PickleObjects instead of refused. */
  readonly opaque?: readonly string[]
}

/**
 * Reads one pickle (protocols 0 to 5) without executing anything: the few functions that checkpoints need are
 * imitated here, any other call is refused by name. Returns the value and the position after it.
 * Throws a CheckpointError with the byte offset.
 */
export function unpickle(bytes: Uint8Array, options: UnpickleOptions): { value: PickleValue; end: number } {
  return new Unpickler(bytes, options).run()
}

/** Each takes hundreds of times its bytes in the pickle; a state dictionary has about ten per tensor. */
const maxContainers = 2_000_000

class Unpickler implements GlobalCall {
  readonly #input: PickleInput
  readonly #options: UnpickleOptions
  readonly #opaque: ReadonlySet<string>
  readonly #memo = new Map<number, PickleValue>()
  #stack: PickleValue[] = []
  /** The stacks below each mark. */
  readonly #below: PickleValue[][] = []
  /** Elements that calls may still copy: linear in the pickle, so that a short one cannot make a huge value. */
  #budget: number
  #containers = 0

  constructor(bytes: Uint8Array, options: UnpickleOptions) {
    this.#input = new PickleInput(bytes, options.file, options.base ?? 0)
    this.#options = options
    this.#opaque = new Set(options.opaque)
    this.#budget = 65_536 + 16 * bytes.length
  }

  run(): { value: PickleValue; end: number } {
    try {
      for (;;) {
        this.#input.start = this.#input.at
        const code = this.#input.byte()
        if (code === 0x2e) {
          const value = this.#pop()
          return { value, end: this.#input.at }
        }
        this.#step(code)
      }
    } catch (error) {
      if (error instanceof RangeError) return this.fail(`it cannot be held in memory (${error.message})`)
      throw error
    }
  }

  fail(what: string): never {
    return this.#input.fail(what)
  }

  refuse(what: string): never {
    return this.#input.refuse(what)
  }

  charge(elements: number): void {
    this.#budget -= elements
    if (this.#budget < 0) this.fail('it copies the same values over and over, as only a malicious file does')
  }

  isOpaque(fullName: string): boolean {
    return this.#opaque.has(fullName)
  }

  #step(code: number): void {
    switch (code) {
      case 0x28: // ( MARK
        this.#countContainer()
        this.#below.push(this.#stack)
        this.#stack = []
        return
      case 0x30: // 0 POP
        if (this.#stack.length === 0) this.#popMark()
        else this.#stack.pop()
        return
      case 0x31: // 1 POP_MARK
        this.#popMark()
        return
      case 0x32: // 2 DUP
        this.#push(this.#peek())
        return
      case 0x80: {
        const protocol = this.#input.byte()
        if (protocol > 5) this.fail(`protocol ${protocol} is unknown (0 to 5 are)`)
        return
      }
      case 0x95: // FRAME: a hint for buffered reading
        this.#input.uint64()
        return
      case 0x4e:
        this.#push(null)
        return
      case 0x88:
        this.#push(true)
        return
      case 0x89:
        this.#push(false)
        return
      default:
        if (!(this.#number(code) || this.#text(code) || this.#container(code) || this.#object(code))) {
          this.fail(`0x${code.toString(16).padStart(2, '0')} is not an instruction`)
        }
    }
  }

  #number(code: number): boolean {
    switch (code) {
      case 0x4a: // J BININT
        this.#push(this.#input.int32())
        return true
      case 0x4b: // K BININT1
        this.#push(this.#input.byte())
        return true
      case 0x4d: // M BININT2
        this.#push(this.#input.uint16())
        return true
      case 0x47: // G BINFLOAT
        this.#push(this.#input.float64())
        return true
      case 0x8a: // LONG1
        this.#push(this.#input.long(this.#input.byte()))
        return true
      case 0x8b: // LONG4
        this.#push(this.#input.long(this.#input.uint32()))
        return true
      case 0x49: {
        // I INT; 00 and 01 are the booleans of protocol 0
        const line = this.#input.line()
        this.#push(line === '00' ? false : line === '01' ? true : this.#input.decimal(line))
        return true
      }
      case 0x4c: // L LONG
        this.#push(this.#input.decimal(this.#input.line().replace(/L$/, '')))
        return true
      case 0x46: // F FLOAT
        this.#push(this.#input.float(this.#input.line()))
        return true
      default:
        return false
    }
  }

  #text(code: number): boolean {
    switch (code) {
      case 0x58: // X BINUNICODE
        this.#push(this.#input.utf8(this.#input.uint32()))
        return true
      case 0x8c: // SHORT_BINUNICODE
        this.#push(this.#input.utf8(this.#input.byte()))
        return true
      case 0x8d: // BINUNICODE8
        this.#push(this.#input.utf8(Number(this.#input.uint64())))
        return true
      case 0x56: // V UNICODE, escaped as Python's raw-unicode-escape
        this.#push(
          this.#input.line().replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (all, short, long) => {
            const point = Number.parseInt(short ?? long, 16)
            return point <= 0x10ffff ? String.fromCodePoint(point) : all
          }),
        )
        return true
      case 0x55: // U SHORT_BINSTRING: a str of Python 2, which may be bytes; latin1 keeps them all
        this.#push(this.#input.latin1(this.#input.byte()))
        return true
      case 0x54: // T BINSTRING
        this.#push(this.#input.latin1(this.#input.uint32()))
        return true
      case 0x53: // S STRING
        this.#push(this.#input.quoted(this.#input.line()))
        return true
      case 0x42: // B BINBYTES
        this.#push(this.#input.slice(this.#input.uint32()))
        return true
      case 0x43: // C SHORT_BINBYTES
        this.#push(this.#input.slice(this.#input.byte()))
        return true
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        this.#push(this.#input.slice(Number(this.#input.uint64())))
        return true
      default:
        return false
    }
  }

  #container(code: number): boolean {
    switch (code) {
      case 0x5d: // ] EMPTY_LIST
      case 0x29: // ) EMPTY_TUPLE
        this.#countContainer()
        this.#push([])
        return true
      case 0x7d: // } EMPTY_DICT
        this.#countContainer()
        this.#push(new Map())
        return true
      case 0x8f: // EMPTY_SET
        this.#countContainer()
        this.#push(new Set())
        return true
      case 0x6c: // l LIST
      case 0x74: // t TUPLE
        this.#push(this.#popMark())
        return true
      case 0x64: // d DICT
        this.#push(this.#setItems(new Map(), this.#popMark()))
        return true
      case 0x91: // FROZENSET
        this.#push(new Set(this.#popMark()))
        return true
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: {
        // TUPLE3
        this.#countContainer()
        const length = code - 0x84
        if (this.#stack.length < length) this.#underflow()
        this.#push(this.#stack.splice(-length))
        return true
      }
      case 0x61: {
        // a APPEND
        const item = this.#pop()
        this.#append([item])
        return true
      }
      case 0x65: // e APPENDS
        this.#append(this.#popMark())
        return true
      case 0x73: {
        // s SETITEM
        const value = this.#pop()
        const key = this.#pop()
        this.#setItems(this.#peek(), [key, value])
        return true
      }
      case 0x75: {
        // u SETITEMS
        const items = this.#popMark()
        this.#setItems(this.#peek(), items)
        return true
      }
      case 0x90: {
        // ADDITEMS
        const items = this.#popMark()
        const set = this.#peek()
        if (!(set instanceof Set)) return this.fail(`items are added to ${describeValue(set)}`)
        for (const item of items) set.add(item)
        return true
      }
      case 0x67: // g GET
        this.#push(this.#recall(Number(this.#input.line())))
        return true
      case 0x68: // h BINGET
        this.#push(this.#recall(this.#input.byte()))
        return true
      case 0x6a: // j LONG_BINGET
        this.#push(this.#recall(this.#input.uint32()))
        return true
      case 0x70: // p PUT
        this.#memo.set(Number(this.#input.line()), this.#peek())
        return true
      case 0x71: // q BINPUT
        this.#memo.set(this.#input.byte(), this.#peek())
        return true
      case 0x72: // r LONG_BINPUT
        this.#memo.set(this.#input.uint32(), this.#peek())
        return true
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#peek())
        return true
      default:
        return false
    }
  }

  #object(code: number): boolean {
    switch (code) {
      case 0x63: // c GLOBAL
        this.#push(this.#global(this.#input.line(), this.#input.line()))
        return true
      case 0x93: {
        // STACK_GLOBAL
        const name = this.#pop()
        const module = this.#pop()
        if (typeof name !== 'string' || typeof module !== 'string') {
          return this.fail(`a class is named by ${describeValue(module)} and ${describeValue(name)}`)
        }
        this.#push(this.#global(module, name))
        return true
      }
      case 0x52: {
        // R REDUCE
        const args = this.#pop()
        this.#push(this.#call(this.#pop(), args))
        return true
      }
      case 0x69: {
        // i INST
        const callee = this.#global(this.#input.line(), this.#input.line())
        this.#push(this.#call(callee, this.#popMark()))
        return true
      }
      case 0x6f: {
        // o OBJ
        const [callee, ...args] = this.#popMark()
        if (callee === undefined) return this.fail('OBJ without a class')
        this.#push(this.#call(callee, args))
        return true
      }
      case 0x81: {
        // NEWOBJ
        const args = this.#pop()
        this.#push(this.#instance(this.#pop(), args))
        return true
      }
      case 0x92: {
        // NEWOBJ_EX
        const named = this.#pop()
        const args = this.#pop()
        const object = this.#instance(this.#pop(), args)
        if (object instanceof PickleObject && named instanceof Map && named.size > 0) object.state = named
        this.#push(object)
        return true
      }
      case 0x62: {
        // b BUILD
        const state = this.#pop()
        this.#build(this.#peek(), state)
        return true
      }
      case 0x50: // P PERSID
        this.#push(this.#persistent(this.#input.line()))
        return true
      case 0x51: // Q BINPERSID
        this.#push(this.#persistent(this.#pop()))
        return true
      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        return this.refuse('refused: the pickle uses the extension registry of one Python program (copyreg)')
      case 0x97: // NEXT_BUFFER
      case 0x98: // READONLY_BUFFER
        return this.refuse(
          'refused: the pickle keeps data in separate buffers (protocol 5), which a file cannot hold',
        )
      default:
        return false
    }
  }

  #global(module: string, name: string): PickleGlobal {
    const global = new PickleGlobal(module, name)
    return checkGlobal(global, this)
  }

  #call(callee: PickleValue, args: PickleValue): PickleValue {
    if (!(callee instanceof PickleGlobal)) return this.fail(`${describeValue(callee)} is called`)
    if (!Array.isArray(args)) return this.fail(`${callee.fullName} is called with ${describeValue(args)}`)
    this.#countContainer()
    return callGlobal(callee, args, this)
  }

  /** `cls.__new__(cls, *args)`: nothing of the class is run, so any class will do. */
  #instance(callee: PickleValue, args: PickleValue): PickleValue {
    if (!(callee instanceof PickleGlobal)) return this.fail(`an instance of ${describeValue(callee)} is made`)
    if (!Array.isArray(args)) return this.fail(`${callee.fullName} is made of ${describeValue(args)}`)
    this.#countContainer()
    if (callee.fullName === 'collections.OrderedDict') return callGlobal(callee, args, this)
    return new PickleObject(callee.fullName, args)
  }

  #build(target: PickleValue, state: PickleValue): void {
    if (target instanceof PickleObject) target.state = this.#mergeState(target.state, state)
    else if (target instanceof NumpyDType) setNumpyDTypeState(target, state, this)
    else if (target instanceof PickleTensor && target.storage.key === '') setNumpyState(target, state, this)
    else if (target instanceof Map) dictionaryAttributes.set(target, state)
    // Attributes of a set or tensor are of no use here.
    else if (!(target instanceof Set || target instanceof PickleTensor)) {
      this.fail(`a state is given to ${describeValue(target)}`)
    }
  }

  #mergeState(old: PickleValue, state: PickleValue): PickleValue {
    if (!(old instanceof Map && state instanceof Map)) return state
    this.charge(old.size + state.size)
    return new Map([...old, ...state])
  }

  #persistent(id: PickleValue): PickleValue {
    const load = this.#options.persistentLoad
    if (load === undefined) return this.fail(`it refers to ${describeValue(id)} outside the file`)
    return load(id, (what) => this.fail(what))
  }

  #append(items: PickleValue[]): void {
    let list = this.#peek()
    if (list instanceof PickleObject) {
      list.items ??= []
      list = list.items
    }
    if (!Array.isArray(list)) this.fail(`items are appended to ${describeValue(list)}`)
    for (const item of items) list.push(item)
  }

  #setItems(target: PickleValue, items: PickleValue[]): PickleValue {
    let map = target
    if (map instanceof PickleObject) {
      map.entries ??= new Map()
      map = map.entries
    }
    if (!(map instanceof Map)) return this.fail(`entries are set in ${describeValue(map)}`)
    if (items.length % 2 !== 0) return this.fail('a key has no value')
    for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!)
    return target
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index)
    if (value === undefined) return this.fail(`it refers to value ${index}, which is not there`)
    return value
  }

  #countContainer(): void {
    if (++this.#containers > maxContainers) {
      this.refuse(`refused: more than ${maxContainers} lists and dictionaries, which no checkpoint has`)
    }
  }

  #push(value: PickleValue): void {
    this.#stack.push(value)
  }

  #pop(): PickleValue {
    const value = this.#stack.pop()
    return value === undefined ? this.#underflow() : value
  }

  #peek(): PickleValue {
    const value = this.#stack.at(-1)
    return value === undefined ? this.#underflow() : value
  }

  #underflow(): never {
    return this.fail('it takes a value that is not there')
  }

  #popMark(): PickleValue[] {
    const items = this.#stack
    const below = this.#below.pop()
    if (below === undefined) return this.fail('a mark is missing')
    this.#stack = below
    return items
  }
}
