import { DataError } from './errors.ts'

/** An element: what is in it, text or elements. */
export interface XmlElement {
  readonly name: string
  /** Where it begins, counted from 1. */
  readonly line: number
  readonly text: string
  readonly children: readonly XmlElement[]
}

/** No annotation is deeper: `annotation`, `object`, `part`, `bndbox`, `xmin`. */
const deepest = 16

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const token =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w.-]*)((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y

interface Open {
  readonly name: string
  readonly line: number
  text: string
  readonly children: XmlElement[]
}

/**
 * Reads the XML that annotation tools write: elements, text, comments, the five named entities and numbered ones; attributes are
 * passed over. Document types, and with them entities of one's own, are refused. Throws a DataError with the line.
 * @param path What to call the text in errors.
 */
export function parseAnnotationXml(text: string, path: string): XmlElement {
  const open: Open[] = []
  let root: XmlElement | undefined
  let line = 1
  const fail = (why: string): DataError => new DataError(path, `line ${line}: ${why}`)
  token.lastIndex = text.startsWith('\uFEFF') ? 1 : 0
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (match === null) {
      const start = text.slice(at, at + 20).split('\n', 1)[0]!
      throw fail(
        start.startsWith('<!DOCTYPE')
          ? 'document types are not read in annotations'
          : `'${start}' is no XML that annotations are made of`,
      )
    }
    const [whole, data, closing, name, , empty] = match
    const current = open.at(-1)
    if (name === undefined) {
      const content = data ?? (whole.startsWith('<') ? '' : decoded(whole, fail))
      if (current) current.text += content
      else if (content.trim() !== '') throw fail(`'${content.trim().slice(0, 20)}' is outside of any element`)
    } else if (closing) {
      if (current?.name !== name) throw fail(`</${name}> closes ${current ? `<${current.name}>` : 'nothing'}`)
      open.pop()
      close(current)
    } else {
      if (root) throw fail(`<${name}> comes after the end of <${root.name}>`)
      if (open.length === deepest) throw fail(`elements are nested more than ${deepest} deep`)
      const element: Open = { name, line, text: '', children: [] }
      if (empty) close(element)
      else open.push(element)
    }
    for (let i = whole.indexOf('\n'); i >= 0; i = whole.indexOf('\n', i + 1)) line++
  }
  const unclosed = open.at(-1)
  if (unclosed) throw fail(`the file ends within <${unclosed.name}>, begun on line ${unclosed.line}`)
  if (!root) throw new DataError(path, 'holds no XML element')
  return root

  function close({ text, ...element }: Open): void {
    const done = { ...element, text: text.trim() }
    const parent = open.at(-1)
    if (parent) parent.children.push(done)
    else root = done
  }
}

function decoded(text: string, fail: (why: string) => DataError): string {
  return text.replace(/&([^;&\s]{0,10});?/g, (whole, name: string) => {
    const numbered = /^#(?:x([\da-fA-F]{1,6})|(\d{1,7}))$/.exec(name)
    const code = numbered ? Number.parseInt(numbered[1] ?? numbered[2]!, numbered[1] ? 16 : 10) : -1
    const known =
      code >= 0 && code <= 0x10ffff
        ? String.fromCodePoint(code)
        : Object.hasOwn(entities, name)
          ? entities[name]
          : undefined
    if (known === undefined || !whole.endsWith(';')) throw fail(`there is no entity '${whole}'`)
    return known
  })
}
