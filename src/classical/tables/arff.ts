import Papa from 'papaparse'
import { InputError } from '../errors.ts'
import { readColumn, toNumber } from './csv.ts'
import { type Column, nominalColumn, Table } from './table.ts'

type Attribute =
  | { readonly name: string; readonly kind: 'numeric' }
  | { readonly name: string; readonly kind: 'text' }
  | { readonly name: string; readonly kind: 'nominal'; readonly categories: readonly string[] }

const missing = new Set(['?'])

/**
 * Reads Weka's attribute-relation file format: `@relation`, `@attribute` (numeric, real, integer, nominal, string, date),
 * `@data` in rows or sparse. Texts and dates become categories. Throws an InputError that names the line.
 */
export function parseArff(text: string, name = 'the table'): Table {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  const attributes: Attribute[] = []
  let relation = ''
  let at = 0
  for (; at < lines.length; at++) {
    const line = lines[at]!.trim()
    if (line === '' || line.startsWith('%')) continue
    const [, keyword, rest] = /^@(\w+)\s*(.*)$/.exec(line) ?? []
    if (keyword === undefined) {
      throw new InputError(`${name}, line ${at + 1}: '${line.slice(0, 40)}' stands before @data`)
    }
    const kind = keyword.toLowerCase()
    if (kind === 'data') break
    if (kind === 'relation') relation = valuesOf(rest!, `${name}, line ${at + 1}`)[0] ?? ''
    else if (kind === 'attribute') attributes.push(readAttribute(rest!, `${name}, line ${at + 1}`))
    else throw new InputError(`${name}, line ${at + 1}: @${keyword} is not known`)
  }
  if (at === lines.length) throw new InputError(`${name} has no @data`)
  if (attributes.length === 0) throw new InputError(`${name} has no @attribute`)
  const rows: string[][] = []
  const numbers: number[] = []
  for (at++; at < lines.length; at++) {
    const line = lines[at]!.trim()
    if (line === '' || line.startsWith('%')) continue
    const where = `${name}, line ${at + 1}`
    const row = line.startsWith('{') ? sparseRow(line, attributes, where) : valuesOf(line, where)
    if (row.length !== attributes.length) {
      throw new InputError(`${where}: ${row.length} values for ${attributes.length} attributes`)
    }
    rows.push(row)
    numbers.push(at + 1)
  }
  const columns = attributes.map((attribute, c) =>
    readValues(
      name,
      attribute,
      rows.map((row) => row[c]!),
      numbers,
    ),
  )
  return new Table(columns, { length: rows.length, name: relation })
}

function readValues(table: string, attribute: Attribute, cells: readonly string[], lines: number[]): Column {
  const { name } = attribute
  if (attribute.kind === 'text') return readColumn(table, name, cells, missing, 'nominal')
  const fits =
    attribute.kind === 'numeric'
      ? (cell: string) => !Number.isNaN(toNumber(cell))
      : (cell: string) => attribute.categories.includes(cell)
  const bad = cells.findIndex((cell) => !missing.has(cell) && !fits(cell))
  if (bad >= 0) {
    const wanted = attribute.kind === 'numeric' ? 'a number' : `one of ${attribute.categories.join(', ')}`
    throw new InputError(`${table}, line ${lines[bad]}: '${cells[bad]}' of '${name}' is not ${wanted}`)
  }
  if (attribute.kind === 'numeric') return readColumn(table, name, cells, missing, 'numeric')
  return nominalColumn(
    name,
    cells.map((cell) => (missing.has(cell) ? null : cell)),
    attribute.categories,
  )
}

function readAttribute(text: string, where: string): Attribute {
  const [, quoted, bare, type] =
    /^(?:('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|([^\s{]+))\s*(.*)$/.exec(text) ?? []
  const name = quoted === undefined ? bare : valuesOf(quoted, where)[0]
  if (name === undefined || type === undefined || type === '') {
    throw new InputError(`${where}: an attribute needs a name and a type`)
  }
  const list = /^\{(.*)\}\s*(%.*)?$/.exec(type)
  if (list !== null) {
    const categories = valuesOf(list[1]!, where).filter((category) => category !== '')
    if (new Set(categories).size < categories.length) {
      throw new InputError(`${where}: '${name}' lists a category twice`)
    }
    return { name, kind: 'nominal', categories }
  }
  const [word] = type.toLowerCase().split(/\s/)
  if (word === 'numeric' || word === 'real' || word === 'integer') return { name, kind: 'numeric' }
  if (word === 'string' || word === 'date') return { name, kind: 'text' }
  throw new InputError(
    `${where}: the type '${type}' of '${name}' is not known; relational attributes are not read`,
  )
}

/** `{1 X, 3 Y}`: what is not named is zero, or the first category. */
function sparseRow(line: string, attributes: readonly Attribute[], where: string): string[] {
  const inner = /^\{(.*)\}$/.exec(line)?.[1]
  if (inner === undefined) throw new InputError(`${where}: a sparse row ends with }`)
  const row = attributes.map((attribute) =>
    attribute.kind === 'numeric' ? '0' : attribute.kind === 'nominal' ? attribute.categories[0]! : '',
  )
  for (const entry of inner.trim() === '' ? [] : splitOutsideQuotes(inner)) {
    const [, index, value] = /^\s*(\d+)\s+(.*?)\s*$/.exec(entry) ?? []
    if (index === undefined || Number(index) >= row.length) {
      throw new InputError(`${where}: '${entry.trim()}' is not an attribute's number and its value`)
    }
    row[Number(index)] = valuesOf(value!, where)[0] ?? ''
  }
  return row
}

function splitOutsideQuotes(text: string): string[] {
  return text.match(/(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,])+/g) ?? []
}

/** The values of a line, quotes of either kind taken off. */
function valuesOf(line: string, where: string): string[] {
  const quoteChar = /^[^']*"/.test(line) ? '"' : "'"
  const delimiter = line.includes('\t') && !line.includes(',') ? '\t' : ','
  // Blanks around quotes would make them part of the value.
  const tight = line
    .replace(
      /('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|[ ]*([,\t])[ ]*/g,
      (_, quoted?: string, comma?: string) => quoted ?? comma ?? '',
    )
    .trim()
  const { data, errors } = Papa.parse<string[]>(tight, { delimiter, quoteChar, escapeChar: '\\' })
  const quote = errors.find(({ type }) => type === 'Quotes')
  if (quote !== undefined || data.length > 1) {
    throw new InputError(`${where}: ${quote?.message ?? 'a quoted value spans lines'}`)
  }
  return (data[0] ?? []).map((value) => value.trim())
}
