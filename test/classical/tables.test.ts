import { describe, expect, it } from 'vitest'
import { formatCsv, InputError, parseArff, parseCsv, Table } from '../../src/classical/index.ts'
import { uciDigits, uciTable, wekaTable } from './datasets.ts'
import { weatherNominal, weatherNumeric } from './weather.ts'

const rowsOf = (table: Table): unknown[] => Array.from({ length: table.length }, (_, row) => table.row(row))

describe('a table', () => {
  const table = Table.fromRows(
    [
      [1, 'red', null],
      [2, null, 4],
      [3, 'blue', 5],
    ],
    ['size', 'colour', 'age'],
  )

  it('tells numbers from categories, and keeps what is missing', () => {
    expect(table.columns.map(({ kind }) => kind)).toEqual(['numeric', 'nominal', 'numeric'])
    expect(rowsOf(table)).toEqual([
      [1, 'red', null],
      [2, null, 4],
      [3, 'blue', 5],
    ])
  })

  it('gives columns, rows and the target', () => {
    expect(table.select(['age', 'size']).names).toEqual(['age', 'size'])
    expect(table.split('colour').x.names).toEqual(['size', 'age'])
    expect(table.split().y.name).toBe('age')
    expect(rowsOf(table.take([2, 0]))).toEqual([
      [3, 'blue', 5],
      [1, 'red', null],
    ])
    expect(table.dropMissing().length).toBe(1)
    expect(table.dropMissing('age').length).toBe(2)
    expect(table.drop('colour').toMatrix().get(1, 1)).toBe(4)
  })

  it('refuses what it cannot hold', () => {
    expect(() => table.column('weight')).toThrow('it has size, colour, age')
    expect(() => table.toMatrix()).toThrow("column 'colour' holds categories")
    expect(() => Table.fromRows([[1], [1, 2]])).toThrow('row 1 has 2 values')
    expect(() => Table.fromRows([[1, 2]], ['a', 'a'])).toThrow("two columns are named 'a'")
  })
})

describe('CSV', () => {
  it('is read with its header, quotes, blanks and missing values', () => {
    const table = parseCsv('name;size; note\n"a ""b""";1.5;?\n# left out\nc; -2e3;x\n\n')
    expect(table.names).toEqual(['name', 'size', 'note'])
    expect(rowsOf(table)).toEqual([
      ['a "b"', 1.5, null],
      ['c', -2000, 'x'],
    ])
  })

  it('needs no header', () => {
    expect(parseCsv('1,a\n2,b\n').names).toEqual(['x0', 'x1'])
    expect(parseCsv('colour,shape\nred,round\nblue,round\n').names).toEqual(['colour', 'shape'])
    expect(parseCsv('red,round\nblue,round\n').length).toBe(2)
  })

  it('lets its types be overruled', () => {
    const table = parseCsv('a,b\n1,2\n3,4\n', { types: { b: 'nominal' } })
    expect(rowsOf(table)).toEqual([
      [1, '2'],
      [3, '4'],
    ])
    expect(() => parseCsv('a,b\n1,x\n', { types: { b: 'numeric' } })).toThrow("'x' in row 1 of column 'b'")
    expect(() => parseCsv('a,b\n1,x\n', { types: { c: 'numeric' } })).toThrow("has no column 'c'")
  })

  it('says where it is broken', () => {
    expect(() => parseCsv('a,b\n1,2\n3\n', { name: 't.csv' })).toThrow('t.csv: row 2 has 1 values')
    expect(() => parseCsv('a,b\n"1,2\n')).toThrow(/[Qq]uoted/)
    expect(() => parseCsv('')).toThrow('holds no rows')
  })

  it('is written and read back', () => {
    const table = Table.fromRows(
      [
        ['a,b', 1],
        [null, null],
        ['c "d"', 0.1],
      ],
      ['x', 'y z'],
    )
    expect(rowsOf(parseCsv(formatCsv(table)))).toEqual(rowsOf(table))
  })
})

describe('ARFF', () => {
  const header =
    "@RELATION 'my data'\n% note\n@attribute 'the size' REAL\n@attribute colour {red, 'light blue'}\n"

  it('is read with quotes and missing values', () => {
    const table = parseArff(`${header}@attribute note string\n@DATA\n1.5, 'light blue', 'a, b'\n?,red,?\n`)
    expect(table.name).toBe('my data')
    expect(table.names).toEqual(['the size', 'colour', 'note'])
    expect(rowsOf(table)).toEqual([
      [1.5, 'light blue', 'a, b'],
      [null, 'red', null],
    ])
    expect(table.column('colour')).toMatchObject({ categories: ['red', 'light blue'] })
  })

  it('may be sparse', () => {
    const table = parseArff(`${header}@data\n{1 'light blue'}\n{0 3}\n{}\n`)
    expect(rowsOf(table)).toEqual([
      [0, 'light blue'],
      [3, 'red'],
      [0, 'red'],
    ])
  })

  it('says in which line it is broken', () => {
    const read = (rows: string) => () => parseArff(`${header}@data\n${rows}\n`, 'x.arff')
    expect(read('1,red\n2,green')).toThrow(
      "x.arff, line 7: 'green' of 'colour' is not one of red, light blue",
    )
    expect(read('big,red')).toThrow('is not a number')
    expect(read('1,red,2')).toThrow('3 values for 2 attributes')
    expect(read("1,'red")).toThrow(InputError)
    expect(read('{7 1}')).toThrow("'7 1' is not an attribute's number")
    expect(() => parseArff('@relation x\n@attribute a numeric\n')).toThrow('has no @data')
    expect(() => parseArff('@attribute a relational\n@data\n')).toThrow('relational')
  })
})

describe('real tables', () => {
  it('of Weka are read', () => {
    const nominal = wekaTable('weather.nominal')
    if (nominal === undefined) return
    expect(rowsOf(nominal).map((row) => (row as string[]).map((cell) => cell.toLowerCase()))).toEqual(
      rowsOf(weatherNominal),
    )
    const numeric = wekaTable('weather.numeric')!
    expect(numeric.names).toEqual(weatherNumeric.names)
    for (const name of ['temperature', 'humidity']) {
      expect(numeric.column(name)).toMatchObject({
        values: (weatherNumeric.column(name) as { values: Float64Array }).values,
      })
    }
    const sizes = (['contact-lenses', 'cpu', 'diabetes', 'iris', 'labor', 'vote'] as const).map((name) => {
      const table = wekaTable(name)!
      return [table.length, table.columns.length]
    })
    expect(sizes).toEqual([
      [24, 5],
      [209, 7],
      [768, 9],
      [150, 5],
      [57, 17],
      [435, 17],
    ])
    expect(wekaTable('labor')!.row(1)[2]).toBe(5.8)
  })

  it('of UCI are read', () => {
    const iris = uciTable('iris')
    if (iris === undefined) return
    const means = iris.drop(-1).columns.map((column) => {
      const { values } = column as { values: Float64Array }
      return values.reduce((sum, value) => sum + value, 0) / values.length
    })
    expect(iris.length).toBe(150)
    for (const [i, mean] of [5.843333, 3.054, 3.758667, 1.198667].entries())
      expect(means[i]).toBeCloseTo(mean, 5)
    expect(uciTable('housing')!.columns.every(({ kind }) => kind === 'numeric')).toBe(true)
    expect([uciDigits()!.length, uciDigits()!.columns.length]).toEqual([1797, 65])
  })
})
