// What runs the stage: GitHub Actions, Azure Pipelines, or a person. Each has its own way to show Markdown and to pass values on.
import { appendFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../../db/core/errors';
import type { Environment } from '../../db/core/settings';
import { note, print } from '../output';

/** Where the results of a stage go. */
export interface CiHost {
  /** Shows a page on the summary of the run, and appends it to the file if one was asked for. Without both it is printed. */
  publish(markdown: string, file?: string): void;
  /** Passes a value to later stages; a person sees it. */
  pass(name: string, value: string): void;
}

/** Whether nobody keeps what a stage leaves in its checkout. */
export const isOnCiHost = (env: Environment): boolean => Boolean(env.GITHUB_STEP_SUMMARY || env.TF_BUILD);

/** Recognises the host by the variables that it sets. */
export function ciHost(env: Environment): CiHost {
  const save = saver();
  if (env.GITHUB_STEP_SUMMARY) return gitHub(save, env.GITHUB_STEP_SUMMARY, env.GITHUB_OUTPUT);
  if (env.TF_BUILD) return azurePipelines(save, env.AGENT_TEMPDIRECTORY ?? '.');
  return {
    publish: (markdown, file) => (file === undefined ? print(markdown) : save(file, markdown)),
    pass: (name, value) => note(`${name}: ${value}`),
  };
}

function gitHub(save: Save, summary: string, output: string | undefined): CiHost {
  return {
    publish(markdown, file) {
      appendFileSync(summary, `${markdown}\n`);
      if (file !== undefined) save(file, markdown);
    },
    pass(name, value) {
      if (output) appendFileSync(output, `${name}=${oneLine(value)}\n`);
      note(`${name}: ${value}`);
    },
  };
}

// Azure Pipelines reads commands from standard output. It reads the file of a summary when the job ends, so the file must stay.
function azurePipelines(save: Save, folder: string): CiHost {
  let pages = 0;
  return {
    publish(markdown, file) {
      pages += 1;
      const page = resolve(file ?? resolve(folder, `summary-${process.pid}-${pages}.md`));
      save(page, markdown);
      print(`##vso[task.uploadsummary]${page}`);
    },
    pass(name, value) {
      print(`##vso[task.setvariable variable=${name};isOutput=true]${oneLine(value)}`);
    },
  };
}

type Save = (file: string, text: string) => void;

/** The first page of a run replaces the content of a file, and later pages are appended. */
function saver(): Save {
  const begun = new Set<string>();
  return (file, text) => {
    try {
      writeFileSync(file, `${text}\n`, { flag: begun.has(file) ? 'a' : 'w' });
      begun.add(file);
    } catch (error) {
      throw new UsageError(`cannot write ${file}: ${(error as Error).message}`, { cause: error });
    }
  };
}

// A line break in a value would start another value or another command.
function oneLine(value: string): string {
  if (/[\r\n]/.test(value)) throw new UsageError('a value for a later stage must be one line');
  return value;
}
