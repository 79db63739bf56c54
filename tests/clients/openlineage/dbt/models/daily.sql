select o.day, sum(o.amount) as total, count(*) as orders
from {{ ref('stg_orders') }} o join {{ ref('customers') }} c on c.id = o.customer_id
group by o.day
