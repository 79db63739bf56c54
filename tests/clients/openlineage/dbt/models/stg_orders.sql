select id as order_id, customer as customer_id, amount, day from {{ ref('orders') }}
