// The comments `// => text` of the course's programs: what the value of the expression before them looks like; of a tensor,
// its shape.
import ts from 'typescript'

/** Around what a program prints of such a value. */
const mark = '\u0001'

/** Defines for a program what `withValuesShown` puts around the expressions. */
export const showValue = `
import { inspect as inspectForComment } from 'node:util'
const showForComment = (place, value) => {
  const seen = value?.constructor?.name === 'Tensor' ? value.shape : value
  const text = inspectForComment(seen, { breakLength: Infinity, compact: true, depth: 8 })
  process.stdout.write('${mark}value ' + place + ' ' + text + '${mark}\\n')
  return value
}
`

/** The expression that a comment behind a statement speaks of: `f(x)`, `y = f(x)`, `const y = f(x)` or `return f(x)`. */
function statedExpression(node) {
  if (ts.isExpressionStatement(node) || ts.isReturnStatement(node)) return node.expression
  if (!ts.isVariableStatement(node)) return undefined
  const { declarations } = node.declarationList
  return declarations.length === 1 ? declarations[0].initializer : undefined
}

/** The stated values of a block's code, in order: the places of the expression and of the text. */
function statedValues(code) {
  const source = ts.createSourceFile('block.ts', code, ts.ScriptTarget.ESNext, true)
  const found = []
  const visit = (node) => {
    const expression = statedExpression(node)
    const comment = expression && ts.getTrailingCommentRanges(code, node.end)?.[0]
    const match = comment && /^\/\/ => *(\S.*?) *$/.exec(code.slice(comment.pos, comment.end))
    if (match) {
      const end = comment.pos + match[0].trimEnd().length
      const start = end - match[1].length
      found.push({ from: expression.getStart(), to: expression.end, text: match[1], start, end })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  const written = code.match(/\/\/ =>/g)?.length ?? 0
  if (written !== found.length) {
    throw new Error(
      `${written - found.length} of the comments // => stand behind no expression and would not be checked:\n${code}`,
    )
  }
  return found.sort((a, b) => a.start - b.start)
}

/** The code of a program's block, given by its number, so that it prints each value that a comment states. */
export function withValuesShown(code, block = 0) {
  return statedValues(code)
    .flatMap(({ from, to }, place) => [
      { at: from, text: `showForComment('${block} ${place}', ` },
      { at: to, text: ')' },
    ])
    .sort((a, b) => b.at - a.at)
    .reduce((text, edit) => text.slice(0, edit.at) + edit.text + text.slice(edit.at), code)
}

/** What a program printed, without the values that its comments state, and these by block and place. */
export function takeValues(output) {
  const values = new Map()
  const printed = output.replace(
    new RegExp(`${mark}value (\\d+ \\d+) ([^${mark}]*)${mark}\\n`, 'g'),
    (_, place, text) => {
      values.set(place, [...(values.get(place) ?? []), text])
      return ''
    },
  )
  return { printed, values }
}

/**
 * The comments of a block that are wrong: where their text is and the value found in its place, undefined if it was never
 * computed. A statement that runs several times must give the same each time; blanks do not count.
 */
export function wrongValues(code, values, block = 0) {
  const bare = (text) => text.replaceAll(/\s+/g, '')
  return statedValues(code).flatMap(({ text, start, end }, place) => {
    const found = values.get(`${block} ${place}`)
    const other = found?.find((each) => bare(each) !== bare(text))
    return found !== undefined && other === undefined ? [] : [{ text, start, end, found: other }]
  })
}
