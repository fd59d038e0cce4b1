import { z } from 'zod';
import { route } from '../../../routing/route.ts';
import {
  PlanData,
  PlanList,
  PlanView,
  ProductData,
  ProductList,
  ProductView,
  ReleaseData,
  ReleaseList,
  ReleaseVersion,
  ReleaseView,
} from '../../protocol/admin.ts';
import { Name } from '../../protocol/verdict.ts';
import { requireAdmin } from '../guards/require-admin.ts';
import { putPlan, putProduct, putRelease, readPlan, readProduct, readRelease } from '../products/products-admin.ts';
import type { Plan } from '../store/plans.ts';

const tag = 'products';
const guard = requireAdmin;
const ProductPath = z.object({ product: Name });

/** Products, plans and releases are data: the server serves any product. */
export const productAdminRoutes = [
  route({
    method: 'get',
    path: '/v1/admin/products',
    tag,
    summary: 'Every product',
    guard,
    answers: { 200: ProductList },
    problems: [],
    async handler({ context }) {
      const products = await context.db.products.all();
      return { status: 200, body: { products: products.map(({ _id, name }) => ({ product: _id, name })) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/admin/products/{product}/plans',
    tag,
    summary: 'The plans of a product',
    guard,
    params: ProductPath,
    answers: { 200: PlanList },
    problems: [],
    async handler({ params: { product }, context }) {
      const plans = await context.db.plans.of(product);
      return { status: 200, body: { plans: plans.map((plan) => planView(product, plan)) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/admin/products/{product}',
    tag,
    summary: 'One product',
    guard,
    params: ProductPath,
    answers: { 200: ProductView },
    problems: ['NOT_REGISTERED'],
    async handler({ params, context }) {
      const { _id, name } = await readProduct(context, params.product);
      return { status: 200, body: { product: _id, name } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/admin/products/{product}/plans/{plan}',
    tag,
    summary: 'One plan',
    guard,
    params: ProductPath.extend({ plan: Name }),
    answers: { 200: PlanView },
    problems: ['NOT_REGISTERED'],
    handler: async ({ params, context }) => ({
      status: 200,
      body: planView(params.product, await readPlan(context, params)),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/admin/products/{product}/releases/{version}',
    tag,
    summary: 'One release',
    guard,
    params: ProductPath.extend({ version: ReleaseVersion }),
    answers: { 200: ReleaseView },
    problems: ['NOT_REGISTERED'],
    async handler({ params, context }) {
      const { product, version, releasedOn } = await readRelease(context, params);
      return { status: 200, body: { product, version, releasedOn } };
    },
  }),
  route({
    method: 'put',
    path: '/v1/admin/products/{product}',
    tag,
    summary: 'Register a product, or rename it',
    guard,
    params: ProductPath,
    body: ProductData,
    answers: { 200: ProductView },
    problems: [],
    async handler({ params: { product }, body, caller, context }) {
      await putProduct(context, product, body, caller);
      return { status: 200, body: { product, ...body } };
    },
  }),
  route({
    method: 'put',
    path: '/v1/admin/products/{product}/plans/{plan}',
    tag,
    summary: 'Register a plan, or change its data for all its licences',
    guard,
    params: ProductPath.extend({ plan: Name }),
    body: PlanData,
    answers: { 200: PlanView },
    problems: ['UNKNOWN_PRODUCT_OR_PLAN'],
    async handler({ params, body, caller, context }) {
      const plan = await putPlan(context, params, body, caller);
      return { status: 200, body: planView(params.product, plan) };
    },
  }),
  route({
    method: 'put',
    path: '/v1/admin/products/{product}/releases/{version}',
    tag,
    summary: 'Register a version with its release day, or correct the day',
    guard,
    params: ProductPath.extend({ version: ReleaseVersion }),
    body: ReleaseData,
    answers: { 200: ReleaseView },
    problems: ['UNKNOWN_PRODUCT_OR_PLAN'],
    async handler({ params, body, caller, context }) {
      await putRelease(context, params, body, caller);
      return { status: 200, body: { ...params, ...body } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/admin/products/{product}/releases',
    tag,
    summary: 'The releases of a product, oldest first',
    guard,
    params: ProductPath,
    answers: { 200: ReleaseList },
    problems: [],
    async handler({ params, context }) {
      const releases = await context.db.releases.of(params.product);
      return {
        status: 200,
        body: { releases: releases.map(({ version, releasedOn }) => ({ version, releasedOn })) },
      };
    },
  }),
];

function planView(product: string, { _id, revision, data }: Plan) {
  return { product, plan: _id.slice(product.length + 1), revision, ...data };
}
