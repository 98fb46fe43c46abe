import { readConfig } from '../config.ts'
import { serve } from './serve.ts'

export async function main(_args: string[]) {
  await serve(readConfig(process.env))
}
