import { testOps } from '../support/op-suite.ts'
import { productCases } from './cases/products.ts'

testOps(productCases)
