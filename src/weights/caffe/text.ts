import { CheckpointError } from '../errors.ts'
import { type Budget, Message, newBudget, type Value, Word } from './message.ts'

const maximalDepth = 64

/** One token: an identifier, a number, a string in either quotes, or a character that stands for itself. */
const tokenPattern =
  /#[^\n]*|\s+|([A-Za-z_][\w.]*)|([+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fF]?)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|([{}<>[\]:;,-])|(.)/gsy

interface Token {
  readonly kind: 'word' | 'number' | 'text' | 'sign'
  readonly text: string
  readonly at: number
}

/** Parses the text form of Protocol Buffers (https://protobuf.dev/reference/protobuf/textformat-spec). */
export function parseText(text: string, file: string): Message {
  return new Parser(text, file).parse()
}

class Parser {
  readonly #text: string
  readonly #file: string
  readonly #budget: Budget = newBudget()
  #at = 0
  #token: Token | undefined

  constructor(text: string, file: string) {
    this.#text = text
    this.#file = file
    this.#advance()
  }

  parse(): Message {
    const message = this.#fields(undefined, 0)
    if (this.#token !== undefined) this.#fail(`${this.#token.text} belongs to nothing`)
    return message
  }

  /** The fields up to a closing bracket, or to the end of the file. */
  #fields(close: string | undefined, depth: number): Message {
    if (depth > maximalDepth) this.#fail(`messages are nested more than ${maximalDepth} deep`)
    const at = this.#token?.at ?? this.#at
    const message = new Message((what) => {
      throw new CheckpointError(this.#file, `in the message at line ${this.#line(at)}: ${what}`)
    }, this.#budget)
    for (;;) {
      const token = this.#token
      if (token === undefined) {
        if (close !== undefined) this.#fail(`the file ends where ${close} is missing`)
        return message
      }
      if (token.kind === 'sign' && token.text === close) return message
      if (token.kind !== 'word') return this.#fail(`${token.text} stands where the name of a field belongs`)
      this.#advance()
      const colon = this.#accept(':')
      if (this.#accept('[')) {
        while (!this.#accept(']')) {
          message.add(token.text, this.#value(depth))
          this.#accept(',')
        }
      } else {
        const opened = this.#token?.text === '{' || this.#token?.text === '<'
        if (!colon && !opened) this.#fail(`: is missing after ${token.text}`)
        message.add(token.text, this.#value(depth))
      }
      if (!this.#accept(';')) this.#accept(',')
    }
  }

  #value(depth: number): Value {
    const token = this.#token
    if (token === undefined) return this.#fail('the file ends where a value is missing')
    this.#advance()
    if (token.kind === 'number') return numberOf(token.text)
    if (token.kind === 'text') {
      let text = unquoted(token.text)
      for (let more = this.#token; more?.kind === 'text'; more = this.#token) {
        text += unquoted(more.text)
        this.#advance()
      }
      return text
    }
    if (token.kind === 'word') {
      return isNumberWord(token.text) ? wordNumber(token.text) : new Word(token.text)
    }
    if (token.text === '-') {
      const next = this.#token
      this.#advance()
      if (next?.kind === 'number' && /^[\d.]/.test(next.text)) return -numberOf(next.text)
      return next?.kind === 'word' && isNumberWord(next.text)
        ? -wordNumber(next.text)
        : this.#fail('- stands before what is no number')
    }
    if (token.text !== '{' && token.text !== '<')
      return this.#fail(`${token.text} stands where a value belongs`)
    const close = token.text === '{' ? '}' : '>'
    const message = this.#fields(close, depth + 1)
    this.#advance()
    return message
  }

  #accept(sign: string): boolean {
    if (this.#token?.kind !== 'sign' || this.#token.text !== sign) return false
    this.#advance()
    return true
  }

  #advance(): void {
    for (;;) {
      tokenPattern.lastIndex = this.#at
      const match = tokenPattern.exec(this.#text)
      if (match === null) {
        this.#token = undefined
        return
      }
      const at = this.#at
      this.#at = tokenPattern.lastIndex
      const [text, word, number, quoted, sign, other] = match
      if (other !== undefined) this.#fail(`the character ${JSON.stringify(other)} belongs to nothing`, at)
      if (word !== undefined) this.#token = { kind: 'word', text: word, at }
      else if (number !== undefined) this.#token = { kind: 'number', text: number, at }
      else if (quoted !== undefined) this.#token = { kind: 'text', text: quoted, at }
      else if (sign !== undefined) this.#token = { kind: 'sign', text, at }
      else continue
      return
    }
  }

  #line(at: number): number {
    let line = 1
    for (let i = this.#text.indexOf('\n'); i >= 0 && i < at; i = this.#text.indexOf('\n', i + 1)) line++
    return line
  }

  #fail(what: string, at: number = this.#token?.at ?? this.#at): never {
    throw new CheckpointError(this.#file, `line ${this.#line(at)}: ${what.slice(0, 200)}`)
  }
}

const numberOf = (text: string): number => Number(/^[+-]?0x/i.test(text) ? text : text.replace(/f$/i, ''))

const isNumberWord = (text: string): boolean => /^(inf|infinity|nan)$/i.test(text)

const wordNumber = (text: string): number => (/^nan$/i.test(text) ? Number.NaN : Number.POSITIVE_INFINITY)

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter)
}
