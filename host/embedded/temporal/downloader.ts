/**
 * A process of its own, started by download.ts with a folder and a version: the SDK only downloads a server by starting
 * one, so this starts it and ends it again.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [, , folder, version] = process.argv;
if (folder === undefined || version === undefined) throw new Error('usage: downloader.ts FOLDER VERSION');

const executable = { type: 'cached-download' as const, downloadDir: folder, version };
const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
await environment.teardown();
