/** What an SVG holds, as far as tests of charts ask. */
export interface Picture {
  readonly width: number
  readonly height: number
  /** The texts as a reader sees them, in the order of the file. */
  readonly texts: readonly string[]
  count(element: string): number
  /** Attributes of every element of a kind. */
  elements(element: string): Record<string, string>[]
}

const plain = (text: string): string =>
  text
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')

/** Reads a picture; throws where elements are not closed in their order or a text is not escaped. */
export function readPicture(svg: string): Picture {
  const open: string[] = []
  const all: { name: string; attributes: Record<string, string> }[] = []
  const texts: string[] = []
  const pattern = /<(\/?)([a-zA-Z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy
  let at = 0
  for (const match of svg.matchAll(pattern)) {
    at = match.index + match[0].length
    const [, closing, name, attributes, alone, text] = match
    if (text !== undefined) {
      if (/&(?!#\d+;|lt;|gt;|amp;|quot;|#39;)/.test(text)) throw new Error(`not escaped: ${text}`)
      if (open.at(-1) === 'text') texts.push(plain(text))
    } else if (closing) {
      if (open.pop() !== name) throw new Error(`</${name}> closes another element`)
    } else {
      const pairs = [...attributes!.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!])
      all.push({ name: name!, attributes: Object.fromEntries(pairs) })
      if (!alone) open.push(name!)
    }
  }
  if (at !== svg.length || open.length > 0) throw new Error(`no element at ${at}: ${svg.slice(at, at + 80)}`)
  const root = all[0]!.attributes
  const elements = (kind: string): Record<string, string>[] =>
    all.filter(({ name }) => name === kind).map(({ attributes }) => attributes)
  return {
    width: Number(root.width),
    height: Number(root.height),
    texts,
    count: (kind) => elements(kind).length,
    elements,
  }
}
